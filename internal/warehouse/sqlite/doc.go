// Package sqlite is the warehouse driver for SQLite files.
package sqlite

// Package sqlite is the warehouse driver for SQLite files. A file is opened
// read-only by SQLite itself, and while a caller's text is compiled or runs the
// authorizer refuses everything that is not part of a SELECT; so a session has
// no state a caller could set, and nothing to reset.
//
// SQLite keeps a type with each value, not with each column. Rows have one type
// per column, which is settled by the first 1,024 rows and stays:
//
//	first values            declared as                Arrow type
//	integers                BOOL...                    bool, if all are 0 or 1
//	integers                REAL, NUMERIC, DECIMAL...  double, if all fit exactly
//	integers                anything else              int64
//	integers and reals      anything                   double, if all fit exactly
//	texts                   anything                   utf8
//	blobs, blobs and texts  anything                   binary
//	other mixtures          anything                   utf8
//	none, or only NULL      by the declared type's affinity; expressions are utf8
//
// Dates are what is stored, which is nearly always text. A later value of
// another kind is converted where nothing is lost; where something would be,
// the query fails and says to CAST the column.
package sqlite

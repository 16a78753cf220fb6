// Package chart is charts as specs: which chart fits a result, and whether a
// Vega-Lite spec may be drawn. Drawing is chart/render.
package chart

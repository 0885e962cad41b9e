// Package page renders HTML pages: templates, form fields, times, pagers and a bar chart, and the style sheet and
// scripts that they need. It knows no object of Notary and no use case; those are in package web.
//
// The parts that templates can use are in the folder templates, such as {{template "field"}} and {{template "time"}}.
package page

// Package page renders HTML pages: templates, form fields, times, pagers and a bar chart, with their style sheet and
// scripts. The pages themselves are in package web.
//
// The folder templates contains shared parts such as {{template "field"}} and {{template "time"}}.
package page

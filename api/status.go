package api

import "net/http"

// Statuses maps the code of an [Error] to the HTTP status. It lacks method_not_allowed, which only the router returns.
var Statuses = map[string]int{
	"invalid":         http.StatusBadRequest,
	"unauthenticated": http.StatusUnauthorized,
	"forbidden":       http.StatusForbidden,
	"not_found":       http.StatusNotFound,
	"conflict":        http.StatusConflict,
	"refused_by_rule": http.StatusUnprocessableEntity,
	"unprocessable":   http.StatusUnprocessableEntity,
	"too_large":       http.StatusRequestEntityTooLarge,
	"rate_limited":    http.StatusTooManyRequests,
	"unavailable":     http.StatusServiceUnavailable,
	"outcome_unknown": http.StatusServiceUnavailable,
	"internal":        http.StatusInternalServerError,
}

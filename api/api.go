// Package api defines the JSON types of the REST API, shared by the server (internal/rest) and the client
// (client). The calls are documented in docs/api.md.
//
// Times are RFC 3339 in UTC, IDs are positive integers, and lists in responses are never null.
package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
)

// Result is the envelope of a successful response.
type Result[T any] struct {
	Result T `json:"result" nullable:"false"`
}

// Error is the envelope of an error response.
type Error struct {
	Error     string `json:"error" doc:"One sentence: what is wrong and what to do"`
	Code      string `json:"code" enum:"invalid,unauthenticated,forbidden,not_found,method_not_allowed,conflict,unprocessable,refused_by_rule,too_large,rate_limited,unavailable,outcome_unknown,internal" doc:"A stable identifier"`
	Field     string `json:"field,omitempty" doc:"The offending input field, if any" example:"csr"`
	RequestID string `json:"request_id,omitempty" doc:"Identifies an unexpected error in the server's log"`
}

// Message is the response to an action.
type Message struct {
	Message string `json:"message" enum:"success"`
}

// Created is the response to a create call.
type Created struct {
	Message string `json:"message" enum:"success"`
	ID      int64  `json:"id" example:"1"`
}

// Success is the message of every response to an action.
const Success = "success"

// ID is an ID that may be encoded as a string or as a number.
type ID int64

// UnmarshalJSON decodes 3 and "3". As usual in package json, null is a no-op.
func (id *ID) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		return nil
	}
	n, err := strconv.ParseInt(string(bytes.Trim(b, `"`)), 10, 64)
	if err != nil {
		return errors.New("an ID must be a positive integer in decimal digits")
	}
	*id = ID(n)
	return nil
}

// MarshalJSON encodes the ID as a string, as in the API's first version.
func (id ID) MarshalJSON() ([]byte, error) {
	return json.Marshal(strconv.FormatInt(int64(id), 10))
}

// Text is a change to a string. The zero value leaves the string unchanged.
type Text struct {
	Given bool
	Value string
}

// NewText returns a change that sets the string to value, or removes it if value is "".
func NewText(value string) Text { return Text{true, value} }

// IsZero reports whether t leaves the string unchanged. The omitzero option of package json calls it to omit t.
func (t Text) IsZero() bool { return !t.Given }

// MarshalJSON encodes the value, or null to remove the string.
func (t Text) MarshalJSON() ([]byte, error) {
	if t.Value == "" {
		return []byte("null"), nil
	}
	return json.Marshal(t.Value)
}

// UnmarshalJSON decodes a string, or null as "".
func (t *Text) UnmarshalJSON(data []byte) error {
	t.Given, t.Value = true, ""
	return json.Unmarshal(data, &t.Value)
}

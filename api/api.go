// Package api holds the wire types of the REST API: what goes over the line as JSON, shared
// by the server (internal/rest) and the client (client). docs/api.md has the calls.
//
// Times are RFC 3339 in UTC, ids are positive integers, and lists are never null.
package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
)

// Result is the envelope of every success.
type Result[T any] struct {
	Result T `json:"result" nullable:"false"`
}

// Error is the envelope of every failure.
type Error struct {
	Error     string `json:"error" doc:"One sentence: what is wrong and what to do"`
	Code      string `json:"code" enum:"invalid,unauthenticated,forbidden,not_found,method_not_allowed,conflict,unprocessable,too_large,rate_limited,unavailable,outcome_unknown,internal" doc:"A stable word"`
	Field     string `json:"field,omitempty" doc:"The input at fault, if there is one" example:"csr"`
	RequestID string `json:"request_id,omitempty" doc:"Names an unexpected fault in the server's log"`
}

// Message answers an action.
type Message struct {
	Message string `json:"message" enum:"success"`
}

// Created answers a create.
type Created struct {
	Message string `json:"message" enum:"success"`
	ID      int64  `json:"id" example:"1"`
}

// Success is the word in every [Message] and [Created].
const Success = "success"

// ID is an id that may be written as a string or as a number.
type ID int64

// UnmarshalJSON reads 3 and "3". null, as everywhere in package json, changes nothing.
func (id *ID) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		return nil
	}
	n, err := strconv.ParseInt(string(bytes.Trim(b, `"`)), 10, 64)
	if err != nil {
		return errors.New("an id must be a positive integer, written in digits alone")
	}
	*id = ID(n)
	return nil
}

// MarshalJSON writes a string, as the API's first description has it.
func (id ID) MarshalJSON() ([]byte, error) {
	return json.Marshal(strconv.FormatInt(int64(id), 10))
}

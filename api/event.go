package api

import "time"

// Event is an entry of the audit log.
type Event struct {
	ID        int64          `json:"id"`
	At        time.Time      `json:"at"`
	Action    string         `json:"action" example:"request.sign" doc:"The operation"`
	Object    Ref            `json:"object" doc:"The object"`
	Refs      []Ref          `json:"refs" nullable:"false" doc:"Other objects, such as the issuing CA and the certificate"`
	Principal Ref            `json:"principal" doc:"The actor: an account, an API token, or the program itself, whose kind is system"`
	Address   string         `json:"address" doc:"The client's IP address; empty for the program itself"`
	RequestID string         `json:"request_id" doc:"The X-Request-Id of the call; empty for the program itself"`
	Before    map[string]any `json:"before" doc:"The changed values before"`
	After     map[string]any `json:"after" doc:"The changed values after; the values of a new object, or details of the operation"`
	Text      string         `json:"text" doc:"The event as text; the wording may change"`

	AccountID *int64 `json:"account_id" deprecated:"true" doc:"The principal's ID; null for the program itself"`
	Email     string `json:"email" deprecated:"true" doc:"The principal's name"`
	ObjectID  int64  `json:"object_id" deprecated:"true" doc:"The object's ID"`
	Detail    string `json:"detail" deprecated:"true" doc:"The changes as text"`
}

// Ref is a reference to an object or principal.
type Ref struct {
	Kind string `json:"kind" example:"request"`
	ID   int64  `json:"id" doc:"0 if it has none"`
	Name string `json:"name" doc:"Its name at the time, such as a common name or an email address"`
}

// EventFilter narrows the audit log. All given conditions must match.
type EventFilter struct {
	Kind     string `json:"kind,omitempty" query:"kind" enum:"request,certificate,authority,profile,account,group,grant,token,clock,rule,call,inventory,settings,database" doc:"The kind of object"`
	ObjectID ID     `json:"object_id,omitempty" query:"object_id" doc:"The object; requires kind"`
	Email    string `json:"email,omitempty" query:"email" minLength:"1" doc:"The principal's name"`
	Action   string `json:"action,omitempty" query:"action" minLength:"1" example:"request.sign"`

	Principal string `json:"principal,omitempty" query:"principal" minLength:"1" doc:"By this principal: its ID or name, such as an email address or system"`
	RequestID string `json:"request_id,omitempty" query:"request_id" minLength:"1" doc:"Of the call with this X-Request-Id"`

	From  string `json:"from,omitempty" query:"from" format:"date-time" doc:"At this time or later"`
	Until string `json:"until,omitempty" query:"until" format:"date-time" doc:"Before this time"`
}

// EventPaging selects a page of the audit log.
type EventPaging struct {
	Limit  int    `json:"limit,omitempty" query:"limit" minimum:"1" maximum:"1000" doc:"Page size; default 100"`
	After  string `json:"after,omitempty" query:"after" minLength:"1" doc:"The value of next in the previous response: returns the page after it"`
	Before string `json:"before,omitempty" query:"before" minLength:"1" doc:"The value of previous in a response: returns the page before it; not together with after"`
}

// EventQuery holds the query parameters for one page of the audit log.
type EventQuery struct {
	EventPaging
	EventFilter
}

package api

import "time"

// Event is one entry of the record of who did what.
type Event struct {
	ID        int64          `json:"id"`
	At        time.Time      `json:"at"`
	Action    string         `json:"action" example:"request.sign" doc:"What was done"`
	Object    Ref            `json:"object" doc:"To what"`
	Refs      []Ref          `json:"refs" nullable:"false" doc:"Other objects that took part, such as the issuing authority and the certificate"`
	Principal Ref            `json:"principal" doc:"Who did it: an account, or the program itself, whose kind is system"`
	Address   string         `json:"address" doc:"The IP address of the client; empty for the program itself"`
	RequestID string         `json:"request_id" doc:"The X-Request-Id of the call; empty for the program itself"`
	Before    map[string]any `json:"before" doc:"What changed, as it was before"`
	After     map[string]any `json:"after" doc:"What changed, as it is now; what a new object has, or what else was done"`
	Text      string         `json:"text" doc:"The event in words, which may change"`

	AccountID *int64 `json:"account_id" deprecated:"true" doc:"The id of the principal; null for the program itself"`
	Email     string `json:"email" deprecated:"true" doc:"The name of the principal"`
	ObjectID  int64  `json:"object_id" deprecated:"true" doc:"The id of the object"`
	Detail    string `json:"detail" deprecated:"true" doc:"What changed, in words"`
}

// Ref names an object or a principal.
type Ref struct {
	Kind string `json:"kind" example:"request"`
	ID   int64  `json:"id" doc:"0 if it has none"`
	Name string `json:"name" doc:"The name that it had then, such as a common name or an e-mail address"`
}

// EventFilter narrows the record: what is given must all hold.
type EventFilter struct {
	Kind     string `json:"kind,omitempty" query:"kind" enum:"request,certificate,authority,profile,account,group,grant,clock,call,inventory,settings,database" doc:"Of this kind of objects"`
	ObjectID ID     `json:"object_id,omitempty" query:"object_id" doc:"Of this object; with its kind"`
	Email    string `json:"email,omitempty" query:"email" minLength:"1" doc:"By the principal with this name"`
	Action   string `json:"action,omitempty" query:"action" minLength:"1" example:"request.sign"`

	Principal string `json:"principal,omitempty" query:"principal" minLength:"1" doc:"By this principal: its id or name, such as an e-mail address or system"`
	RequestID string `json:"request_id,omitempty" query:"request_id" minLength:"1" doc:"Of the call with this X-Request-Id"`

	From  string `json:"from,omitempty" query:"from" format:"date-time" doc:"At this time or later"`
	Until string `json:"until,omitempty" query:"until" format:"date-time" doc:"Before this time"`
}

// EventPaging asks for a part of the record.
type EventPaging struct {
	Limit  int    `json:"limit,omitempty" query:"limit" minimum:"1" maximum:"1000" doc:"The most events on the page; 100 without it"`
	After  string `json:"after,omitempty" query:"after" minLength:"1" doc:"The value of next in the answer before: the page follows it"`
	Before string `json:"before,omitempty" query:"before" minLength:"1" doc:"The value of previous in an answer: the page ends before it; not together with after"`
}

// EventQuery asks for a page of the record.
type EventQuery struct {
	EventPaging
	EventFilter
}

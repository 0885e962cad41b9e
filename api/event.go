package api

import "time"

// Event is one line of the record of who did what.
type Event struct {
	ID        int64     `json:"id"`
	At        time.Time `json:"at"`
	AccountID *int64    `json:"account_id" doc:"Who; null for the program itself"`
	Email     string    `json:"email" doc:"Who, as it was then"`
	Address   string    `json:"address" doc:"The IP address from which; empty for the program itself"`
	Action    string    `json:"action" example:"request.sign" doc:"What; its first word is the kind of the object"`
	ObjectID  int64     `json:"object_id" doc:"On what"`
	Detail    string    `json:"detail"`
}

// EventFilter narrows the record: what is given must all hold.
type EventFilter struct {
	Kind     string `json:"kind,omitempty" query:"kind" enum:"request,certificate,authority,profile,account,group,grant" doc:"Of this kind of objects"`
	ObjectID ID     `json:"object_id,omitempty" query:"object_id" doc:"Of this object; with its kind"`
	Email    string `json:"email,omitempty" query:"email" minLength:"1" doc:"Of who did it"`
	Action   string `json:"action,omitempty" query:"action" minLength:"1" example:"request.sign"`
	From     string `json:"from,omitempty" query:"from" format:"date-time" doc:"At this time or later"`
	Until    string `json:"until,omitempty" query:"until" format:"date-time" doc:"Before this time"`
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

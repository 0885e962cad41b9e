package api

import "time"

// Clock is the state of the server's clock.
type Clock struct {
	Time         time.Time  `json:"time" doc:"By the server's clock"`
	DatabaseTime *time.Time `json:"database_time" doc:"By PostgreSQL's clock; null on SQLite"`
	Stopped      string     `json:"stopped" doc:"Why issuance is stopped; empty if it is not"`
}

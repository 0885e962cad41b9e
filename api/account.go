package api

import "time"

// Account is a user who can log in.
type Account struct {
	ID        int64     `json:"id"`
	Email     string    `json:"email" example:"dana@example.com"`
	RoleID    int       `json:"role_id" doc:"0 Admin, 1 Certificate Manager, 2 Certificate Requestor, 3 Read Only" minimum:"0" maximum:"3" example:"1"`
	CreatedAt time.Time `json:"created_at"`
	Groups    []Group   `json:"groups,omitempty" nullable:"false" doc:"The account's groups; only for the caller's own account"`
}

// CreateAccount is the body of a call that creates an account.
type CreateAccount struct {
	Email     string `json:"email,omitempty" example:"dana@example.com"`
	Username  string `json:"username,omitempty" doc:"Alias of email"`
	Password  string `json:"password" doc:"12 characters or more" example:"quiet orchard lantern 7"`
	SetupCode string `json:"setup_code,omitempty" doc:"Required for the first account: the server prints it at startup"`
	RoleID    *int   `json:"role_id,omitempty" doc:"0 Admin, 1 Certificate Manager, 2 Certificate Requestor, 3 Read Only; the first account is always an Admin" example:"2"`
}

// ChangePassword is the body of a call that sets an account's password.
type ChangePassword struct {
	Password string `json:"password" doc:"12 characters or more" example:"quiet orchard lantern 7"`
}

// ChangeMyPassword is the body of a call that changes the caller's own password.
type ChangeMyPassword struct {
	OldPassword string `json:"old_password" doc:"The current password"`
	Password    string `json:"password" doc:"The new password: 12 characters or more" example:"quiet orchard lantern 7"`
}

// ChangeRole is the body of a call that sets an account's role.
type ChangeRole struct {
	RoleID int `json:"role_id" doc:"0 Admin, 1 Certificate Manager, 2 Certificate Requestor, 3 Read Only" example:"1"`
}

// Login is the body of a call that logs in.
type Login struct {
	Email    string `json:"email,omitempty" example:"dana@example.com"`
	Username string `json:"username,omitempty" doc:"Alias of email"`
	Password string `json:"password"`
}

// Token is the response to a login: the bearer token of the session.
type Token struct {
	Token string `json:"token" doc:"Send it as Authorization: Bearer <token>"`
}

// Status reports the server's version and whether an account exists.
type Status struct {
	Initialized bool   `json:"initialized" doc:"Whether an account exists"`
	Version     string `json:"version" example:"v1.2.3"`
}

// Ready is the response of the readiness check while the database is available.
type Ready struct {
	Ready bool `json:"ready" doc:"Always true: a server that is not ready responds with 503"`
}

package api

import "time"

// Account is somebody who can log in.
type Account struct {
	ID        int64     `json:"id"`
	Email     string    `json:"email"`
	RoleID    int       `json:"role_id" doc:"0 Admin, 1 Certificate Manager, 2 Certificate Requestor, 3 Read Only" minimum:"0" maximum:"3"`
	CreatedAt time.Time `json:"created_at"`
}

// CreateAccount makes an account.
type CreateAccount struct {
	Email     string `json:"email,omitempty"`
	Username  string `json:"username,omitempty" doc:"Another name for email"`
	Password  string `json:"password" doc:"12 characters or more"`
	SetupCode string `json:"setup_code,omitempty" doc:"Required for the first account: the server prints it at startup"`
	RoleID    *int   `json:"role_id,omitempty" doc:"0 Admin, 1 Certificate Manager, 2 Certificate Requestor, 3 Read Only; the first account is always an Admin"`
}

// ChangePassword sets somebody's password.
type ChangePassword struct {
	Password string `json:"password" doc:"12 characters or more"`
}

// ChangeMyPassword sets one's own password.
type ChangeMyPassword struct {
	OldPassword string `json:"old_password"`
	Password    string `json:"password" doc:"The new one: 12 characters or more"`
}

// ChangeRole sets somebody's role.
type ChangeRole struct {
	RoleID int `json:"role_id" doc:"0 Admin, 1 Certificate Manager, 2 Certificate Requestor, 3 Read Only"`
}

// Login asks for a token.
type Login struct {
	Email    string `json:"email,omitempty"`
	Username string `json:"username,omitempty" doc:"Another name for email"`
	Password string `json:"password"`
}

// Token is what proves who is calling: sent as "Authorization: Bearer <token>".
type Token struct {
	Token string `json:"token"`
}

// Status says whether the server has an account yet, and its version.
type Status struct {
	Initialized bool   `json:"initialized" doc:"Whether there is an account"`
	Version     string `json:"version"`
}

// Ready is the answer of a server whose database answers.
type Ready struct {
	Ready bool `json:"ready" doc:"Always true: a server that is not ready answers 503"`
}

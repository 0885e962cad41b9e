package api

import "time"

// AuthorityImpact describes what depends on an authority: the valid end-entity certificates issued by it and by its
// subordinates at any depth.
type AuthorityImpact struct {
	Certificates int64      `json:"certificates" doc:"Their number, at any depth"`
	AtLeast      bool       `json:"at_least" doc:"Whether there are more than were read, so that the counts are lower bounds"`
	First        *time.Time `json:"first_not_after" doc:"The earliest expiry; null without certificates"`
	Last         *time.Time `json:"last_not_after" doc:"The latest expiry"`

	Requesters  []RequesterImpact   `json:"requesters" nullable:"false" doc:"The requesters with the most certificates, at most ten"`
	Others      int64               `json:"others" doc:"Number of certificates of all other requesters"`
	Months      []MonthImpact       `json:"months" nullable:"false" doc:"Number of certificates by month of expiry"`
	Authorities []SubordinateImpact `json:"authorities" nullable:"false" doc:"Subordinate authorities, at any depth"`
}

// RequesterImpact counts the certificates requested by one account.
type RequesterImpact struct {
	Email        string `json:"email" doc:"Empty if unknown: imported or uploaded"`
	Certificates int64  `json:"certificates"`
}

// MonthImpact counts the certificates that expire in a calendar month.
type MonthImpact struct {
	Month        string `json:"month" example:"2027-04" doc:"In UTC"`
	Certificates int64  `json:"certificates"`
}

// SubordinateImpact describes a subordinate authority, at any depth.
type SubordinateImpact struct {
	ID           int64     `json:"id"`
	CommonName   string    `json:"common_name"`
	Deleted      bool      `json:"deleted" doc:"Whether its key was deleted; its certificates remain"`
	NotAfter     time.Time `json:"not_after"`
	Certificates int64     `json:"certificates" doc:"Number of certificates that it issued itself"`
	AtLeast      bool      `json:"at_least"`
	Elsewhere    bool      `json:"elsewhere" doc:"Whether it stays trusted without this authority, as a root or by another chain"`
}

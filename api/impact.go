package api

import "time"

// AuthorityImpact is what stands and falls with an authority: the certificates of machines and
// people that it and the authorities below it issued, and that are neither expired nor
// revoked.
type AuthorityImpact struct {
	Certificates int64      `json:"certificates" doc:"How many, at any depth"`
	AtLeast      bool       `json:"at_least" doc:"There are more than were read: the counts are of these"`
	First        *time.Time `json:"first_not_after" doc:"When the first of them expires; null where there is none"`
	Last         *time.Time `json:"last_not_after" doc:"When the last of them expires"`

	Requesters  []RequesterImpact   `json:"requesters" nullable:"false" doc:"Who has most of them, ten at most"`
	Others      int64               `json:"others" doc:"How many all other requesters have"`
	Months      []MonthImpact       `json:"months" nullable:"false" doc:"When they expire"`
	Authorities []SubordinateImpact `json:"authorities" nullable:"false" doc:"The authorities below it, at any depth"`
}

// RequesterImpact is how many of the certificates one account submitted.
type RequesterImpact struct {
	Email        string `json:"email" doc:"Empty where nobody is known: imported or uploaded"`
	Certificates int64  `json:"certificates"`
}

// MonthImpact is how many of the certificates expire in a month.
type MonthImpact struct {
	Month        string `json:"month" example:"2027-04" doc:"In UTC"`
	Certificates int64  `json:"certificates"`
}

// SubordinateImpact is an authority below.
type SubordinateImpact struct {
	ID           int64     `json:"id"`
	CommonName   string    `json:"common_name"`
	Deleted      bool      `json:"deleted" doc:"Its key is gone, what it issued is not"`
	NotAfter     time.Time `json:"not_after"`
	Certificates int64     `json:"certificates" doc:"How many it issued itself"`
	AtLeast      bool      `json:"at_least"`
	Elsewhere    bool      `json:"elsewhere" doc:"It stays trusted without this authority: by a certificate from elsewhere, or as a root"`
}

package revocation_test

import "notary/internal/testkit"

const missingID = 1 << 40

var (
	request              = testkit.GetRequest
	authority            = testkit.GetAuthority
	inventory            = testkit.Inventory
	parsed               = testkit.Parsed
	serialOf             = testkit.SerialOf
	authorityCertificate = testkit.AuthorityCertificate
	requestFor           = testkit.RequestFor
	sign                 = testkit.Sign
	revoked              = testkit.Revoked
	newAuthority         = testkit.NewAuthority
	fetchCRL             = testkit.FetchCRL
	readCRL              = testkit.ReadCRL
	published            = testkit.Published
	issuedCRLs           = testkit.IssuedCRLs
	listed               = testkit.Listed
	opensslAccepts       = testkit.OpenSSLAccepts
	status               = testkit.OCSPStatus
	responderOf          = testkit.ResponderOf
	readAnswer           = testkit.ReadOCSP
	ask                  = testkit.Ask
	withNonce            = testkit.WithNonce
	several              = testkit.Several
	importOf             = testkit.ImportOf
	lastCRL              = testkit.LastCRL
)

func second[T any](_ T, err error) error { return err }

package notary

import "time"

// Profile is the rule by which a certificate is issued: what it may be used for and for how
// long. The signing request gives only the names and the key.
type Profile struct {
	Name       string
	ServerAuth bool          // extended key usage id-kp-serverAuth (RFC 5280, 4.2.1.12)
	ClientAuth bool          // extended key usage id-kp-clientAuth
	Validity   time.Duration // where the caller does not ask for another
}

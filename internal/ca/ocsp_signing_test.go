package ca_test

import (
	"testing"

	"notary"
	"notary/internal/ca"
	"notary/internal/store"
	"notary/internal/testkit"
)

// A requester's key is never certified for OCSP signing, under any profile, also of an earlier version.
func TestOnlyOwnKeysSignOCSP(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	earlier := map[string]string{"by-name": notary.OCSPSigning, "by-oid": "1.3.6.1.5.5.7.3.9", "any": "2.5.29.37.0"}
	testkit.Check(t, w.Store.Write(t.Context(), func(tx *store.Tx) error {
		for name, purpose := range earlier {
			rules := rulesOf(t, "server", func(r *notary.Rules) { r.ExtKeyUsages = append(r.ExtKeyUsages, purpose) })
			if _, err := tx.InsertProfile(&notary.Profile{Name: name, Rules: rules}); err != nil {
				return err
			}
		}
		return nil
	}))
	restarted(t, w)
	for _, profile := range []string{"ocsp", "by-name", "by-oid", "any"} {
		req := w.Request(t, w.Admin())
		err := w.CA.Sign(t.Context(), w.Admin(), req, ca.SignOptions{AuthorityID: root, Profile: profile})
		testkit.WantKind(t, err, notary.Unprocessable)
		testkit.WantField(t, err, "profile")
		testkit.WantText(t, err, "OCSP responders")
		wantStatus(t, w, req, notary.Outstanding)
	}
	for _, purpose := range []string{notary.OCSPSigning, "1.3.6.1.5.5.7.3.9"} {
		rules := rulesOf(t, "server", func(r *notary.Rules) { r.ExtKeyUsages = append(r.ExtKeyUsages, purpose) })
		_, err := w.CA.CreateProfile(t.Context(), w.Admin(), "mine", rules)
		testkit.WantKind(t, err, notary.Invalid)
		testkit.WantField(t, err, "extended_key_usages")
		for _, name := range []string{"server", "by-name"} {
			_, err = w.CA.UpdateProfile(t.Context(), w.Admin(), profileByName(t, w, name).ID, 0, rules)
			testkit.WantKind(t, err, notary.Invalid)
			testkit.WantField(t, err, "extended_key_usages")
		}
	}
	req := w.Signed(t, w.Admin(), root)
	status(t, w, w.Revocation, root, request(t, w, req).Certificate.Serial) // by the program's own responder
}

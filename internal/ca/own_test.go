package ca_test

import (
	"testing"

	"notary"
	"notary/internal/testkit"
)

// An account that reuses the email of a deleted account does not see that account's objects.
func TestListsOfAReusedEmail(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	before := w.Caller(notary.CertificateRequestor)
	w.Signed(t, before, root)
	testkit.Check(t, w.Auth.DeleteAccount(t.Context(), w.Admin(), before.Principal.ID))
	id, err := w.Auth.CreateAccount(t.Context(), w.Admin(), before.Principal.Name, testkit.Password, &before.Role)
	testkit.Check(t, err)
	after := before
	after.Principal.ID = id
	own := w.Signed(t, after, root)
	for _, filter := range []notary.Filter{{}, {Key: "ECDSA P-256"}, {AuthorityID: root}, {Email: before.Principal.Name}} {
		for _, sort := range notary.Sorts {
			q := notary.Query{Filter: filter, Sort: sort, Limit: 10}
			requests, err := w.CA.Requests(t.Context(), after, q)
			testkit.Check(t, err)
			if len(requests.Items) != 1 || requests.Items[0].ID != own {
				t.Errorf("%+v by %s: got %d requests, want the own one", filter, sort, len(requests.Items))
			}
			certificates, err := w.CA.Certificates(t.Context(), after, q)
			testkit.Check(t, err)
			if len(certificates.Items) != 1 || certificates.Items[0].RequestID != own {
				t.Errorf("%+v by %s: got %d certificates, want the own one", filter, sort, len(certificates.Items))
			}
		}
	}
}

package rest_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"notary/api"
	"notary/internal/ca"
	"notary/internal/testkit"
)

// The response for an expired authority has its last CRL and a note that says so.
func TestCRLOfAnExpiredAuthority(t *testing.T) {
	t.Parallel()
	h := open(t)
	id, err := h.CA.CreateAuthority(t.Context(), h.Admin(), ca.AuthorityOptions{SelfSigned: true,
		Subject: commonName("Short Root"),
		PathLen: -1, NotAfter: h.Clock.Now().Add(time.Hour)})
	testkit.Check(t, err)
	path := fmt.Sprintf("%s/%d/crl", authoritiesPath, id)
	read := func() (crl api.CRL) {
		var answer api.Result[api.CRL]
		testkit.Check(t, json.Unmarshal(call(t, h.anonymous, "GET", path, nil).wantStatus(t, 200).Body, &answer))
		return answer.Result
	}
	before := read()
	h.Clock.Advance(2 * time.Hour)
	after := read()
	if before.Note != "" || after.Note == "" || before.CRL != after.CRL {
		t.Errorf("before %q, after %q", before.Note, after.Note)
	}
}

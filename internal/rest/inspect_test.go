package rest_test

import (
	"encoding/base64"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/api"
	"notary/internal/ca"
	"notary/internal/testkit"
)

func TestInspectOfTheAPI(t *testing.T) {
	t.Parallel()
	h := open(t)
	c := h.as(t, notary.CertificateRequestor)
	root := h.Root(t, notary.ECDSAP256)
	leaf, err := h.CA.Request(t.Context(), h.Admin(), h.Signed(t, h.Admin(), root))
	testkit.Check(t, err)
	csr := testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), "a.example.com")
	der, _ := pem.Decode([]byte(csr))
	for name, tt := range map[string]struct {
		text  string
		kinds []string
		wrong bool
	}{
		"a request":        {csr, []string{"certificate request"}, false},
		"the same, as DER": {base64.StdEncoding.EncodeToString(der.Bytes), []string{"certificate request"}, false},
		"a chain":          {leaf.Certificate.ChainPEM(), []string{"certificate", "certificate", "chain"}, false},
		"a part of one":    {csr[:len(csr)/2], []string{"unknown"}, true},
	} {
		got, err := c.Inspect(t.Context(), api.Inspect{Text: tt.text})
		testkit.Check(t, err)
		var kinds []string
		for _, o := range got.Objects {
			kinds = append(kinds, o.Kind)
			if o.Problems == nil {
				t.Errorf("%s: the problems of %s are null", name, o.Kind)
			}
		}
		if diff := cmp.Diff(tt.kinds, kinds); diff != "" || got.Wrong != tt.wrong {
			t.Errorf("%s: wrong %v (-want +got):\n%s", name, got.Wrong, diff)
		}
	}
	got, err := c.Inspect(t.Context(), api.Inspect{Text: csr})
	testkit.Check(t, err)
	if names := got.Objects[0].Request["dns_names"]; !cmp.Equal([]any{"a.example.com"}, names) {
		t.Errorf("the names are %v", names)
	}
	for _, text := range []string{"", "hello", "ssh-ed25519 AAAA", strings.Repeat("A", 1000)} {
		if got := call(t, c, "POST", "/api/v1/inspect", api.Inspect{Text: text}).wantRefusal(t, 400,
			"invalid"); got.Field != "text" {
			t.Errorf("%.20q: field %q", text, got.Field)
		}
	}
	call(t, c, "POST", "/api/v1/inspect", api.Inspect{Text: strings.Repeat("A", 1<<20)}).wantRefusal(t, 413, "too_large")
}

func TestInspectProblems(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	id := h.Request(t, h.Admin())
	testkit.Check(t, h.CA.Sign(t.Context(), h.Admin(), id, ca.SignOptions{AuthorityID: root,
		NotAfter: h.Clock.Now().AddDate(0, 0, 1)}))
	req, err := h.CA.Request(t.Context(), h.Admin(), id)
	testkit.Check(t, err)
	h.Clock.Advance(72 * 3600e9)
	got, err := h.admin(t).Inspect(t.Context(), api.Inspect{Text: req.Certificate.ChainPEM()})
	testkit.Check(t, err)
	problem := got.Objects[0].Problems[0]
	if !got.Wrong || problem.Code != "expired" || problem.Level != "error" || problem.Message == "" {
		t.Errorf("the first problem is %+v", problem)
	}
}

func TestSettingsOfTheAPI(t *testing.T) {
	t.Parallel()
	h := open(t)
	got, err := h.admin(t).Settings(t.Context())
	testkit.Check(t, err)
	want := []api.Setting{{Key: "listen", Value: "127.0.0.1:0", Source: "flag", Where: "--listen"},
		{Key: "key_passphrase", Source: "environment", Secret: true}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the settings (-want +got):\n%s", diff)
	}
}

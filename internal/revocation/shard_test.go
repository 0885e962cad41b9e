package revocation_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/ca"
	"notary/internal/issuance"
	"notary/internal/revocation"
	"notary/internal/testkit"
)

// A certificate contains the URLs of its authority, except for a root's own certificate.
func TestCertificateURLs(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	issuing := w.Intermediate(t, root, notary.ECDSAP256)
	type named struct{ CRL, OCSP, Issuer []string }
	of := func(c *notary.Certificate) named {
		cert := parsed(t, c)
		return named{cert.CRLDistributionPoints, cert.OCSPServer, cert.IssuingCertificateURL}
	}
	leaf := func() *notary.Certificate { return request(t, w, w.Signed(t, w.Admin(), issuing)).Certificate }
	url := func(format string, id int64) []string { return []string{testkit.PublishURL + fmt.Sprintf(format, id)} }
	all := func(id int64) named { return named{url("/crl/%d.crl", id), url("/ocsp/%d", id), url("/ca/%d.cer", id)} }
	want := func(what string, got, want named) {
		t.Helper()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	want("the root", of(authority(t, w, root).Certificate), named{})
	want("the intermediate", of(authority(t, w, issuing).Certificate), all(root))
	want("a leaf", of(leaf()), all(issuing))

	no, yes, four := false, true, 4
	for _, tt := range []struct {
		change ca.PublicationChange
		want   named
	}{
		{ca.PublicationChange{OCSP: &no}, named{all(issuing).CRL, nil, all(issuing).Issuer}},
		{ca.PublicationChange{CRL: &no}, named{nil, nil, all(issuing).Issuer}},
		{ca.PublicationChange{Shards: &four}, named{nil, nil, all(issuing).Issuer}}, // without a CRL URL there are no shards
		{ca.PublicationChange{Issuer: &no}, named{}},
		{ca.PublicationChange{OCSP: &yes}, named{nil, all(issuing).OCSP, nil}},
		{ca.PublicationChange{}, named{nil, all(issuing).OCSP, nil}},
	} {
		testkit.Check(t, w.CA.ChangePublication(t.Context(), w.Admin(), issuing, tt.change))
		cert := leaf()
		want("a leaf after a change", of(cert), tt.want)
		if cert.Shard != 0 {
			t.Errorf("the certificate is of shard %d", cert.Shard)
		}
	}
	if actions := w.EventsOf(t, func() {
		testkit.Check(t, w.CA.ChangePublication(t.Context(), w.Admin(), issuing, ca.PublicationChange{CRL: &yes}))
	}); !slices.Equal(actions, []string{"authority.settings"}) {
		t.Errorf("the change put %q on record", actions)
	}
	for _, shards := range []int{-1, 1001} {
		err := w.CA.ChangePublication(t.Context(), w.Admin(), issuing, ca.PublicationChange{Shards: &shards})
		testkit.WantKind(t, err, notary.Invalid)
		testkit.WantField(t, err, "crl_shards")
	}
}

func TestCertificatesWithoutURLs(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root, shards := w.Root(t, notary.ECDSAP256), 4
	s, err := testkit.OpenNode(t.Context(), w.Store, w.Keys, testkit.NodeOptions{Now: w.Clock.Now})
	testkit.Check(t, err)
	testkit.Check(t, s.CA.ChangePublication(t.Context(), w.Admin(), root, ca.PublicationChange{Shards: &shards}))
	id := w.Request(t, w.Admin())
	testkit.Check(t, s.CA.Sign(t.Context(), w.Admin(), id, ca.SignOptions{AuthorityID: root}))
	cert := request(t, w, id).Certificate
	if c := parsed(t, cert); cert.Shard != 0 || c.CRLDistributionPoints != nil || c.OCSPServer != nil ||
		c.IssuingCertificateURL != nil {
		t.Errorf("it is of shard %d and names %v, %v, %v", cert.Shard, c.CRLDistributionPoints, c.OCSPServer,
			c.IssuingCertificateURL)
	}
}

func TestShardsByNumberOfCertificates(t *testing.T) {
	t.Parallel()
	for certificates, want := range map[int64]int{0: 1, 9_999: 1, 10_000: 2, 19_999: 2, 20_000: 3, 1_000_000: 101,
		1_270_000:     128,
		1_000_000_000: 128} {
		if got := revocation.ShardsFor(certificates); got != want {
			t.Errorf("%d certificates are spread over %d lists, want %d", certificates, got, want)
		}
	}
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	shard := func() int { return request(t, w, w.Signed(t, w.Admin(), root)).Certificate.Shard }
	if got := shard(); got != 0 {
		t.Errorf("the first certificate is of shard %d", got)
	}
	w.Exec(t, `INSERT INTO counter (name, at, object_id, part, slot, value) VALUES ('issued', 0, 1, 0, 999, 50000)`)
	revocation.CountAgain(w.Revocation)
	seen := map[int]bool{}
	for range 200 { // the probability that any of six CRLs is never chosen is 10^-15
		seen[shard()] = true
	}
	if len(seen) != 6 || seen[0] || seen[7] {
		t.Errorf("the certificates are of the shards %v", seen)
	}
	w.Exec(t, `DELETE FROM counter WHERE slot = 999`)
}

// A revoked certificate is on the CRL that it names, whatever the number of shards, and on the full CRL, but on no
// other.
func TestEntriesAreInTheirShard(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	var certs []*notary.Certificate
	for _, shards := range []int{1, 4, 2, 0, 7} {
		testkit.Check(t, w.CA.ChangePublication(t.Context(), w.Admin(), root, ca.PublicationChange{Shards: &shards}))
		for range 6 {
			cert := revoked(t, w, root)
			if cert.Shard > shards || shards > 1 && cert.Shard == 0 || shards <= 1 && cert.Shard != 0 {
				t.Errorf("of %d shards, a certificate is of shard %d", shards, cert.Shard)
			}
			certs = append(certs, cert)
		}
		keep(t, w)
	}
	for _, cert := range certs {
		want := fmt.Sprintf("%s/crl/%d.crl", testkit.PublishURL, root)
		if cert.Shard > 0 {
			want = fmt.Sprintf("%s/crl/%d-%d.crl", testkit.PublishURL, root, cert.Shard)
		}
		if diff := cmp.Diff([]string{want}, parsed(t, cert).CRLDistributionPoints); diff != "" {
			t.Errorf("the certificate %d of shard %d names (-want +got):\n%s", cert.ID, cert.Shard, diff)
		}
	}
	exist := map[int]bool{0: true}
	for _, cert := range certs {
		exist[cert.Shard] = true
	}
	for shard := range 9 {
		if !exist[shard] {
			_, err := w.Revocation.PublishedCRL(t.Context(), root, shard)
			testkit.WantKind(t, err, notary.NotFound)
			continue
		}
		list := published(t, w, root, shard)
		urls := issuance.ListURLs(list.Raw)
		for _, cert := range certs {
			if got, want := listed(list, cert.Serial) != nil, shard == 0 || shard == cert.Shard; got != want {
				t.Errorf("the list of shard %d has the certificate %d of shard %d: %v", shard, cert.ID, cert.Shard, got)
			}
			if shard > 0 && shard == cert.Shard && !slices.Contains(urls, parsed(t, cert).CRLDistributionPoints[0]) {
				t.Errorf("the list of shard %d is for %v", shard, urls)
			}
		}
		if shard == 0 && urls != nil {
			t.Errorf("the list of all is for %v", urls)
		}
	}
}

// If the publish URL changes, a partitioned CRL names both URLs.
func TestShardWithTwoURLs(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root, shards := w.Root(t, notary.ECDSAP256), 2
	testkit.Check(t, w.CA.ChangePublication(t.Context(), w.Admin(), root, ca.PublicationChange{Shards: &shards}))
	inFirst := func() *notary.Certificate {
		for {
			if cert := request(t, w, w.Signed(t, w.Admin(), root)).Certificate; cert.Shard == 1 {
				return cert
			}
		}
	}
	inFirst()
	old, moved := fmt.Sprintf("%s/crl/%d-1.crl", testkit.PublishURL, root),
		fmt.Sprintf("http://new.example.com/pki/crl/%d-1.crl", root)
	if diff := cmp.Diff([]string{old}, issuance.ListURLs(published(t, w, root, 1).Raw)); diff != "" {
		t.Errorf("before the move the list is for (-want +got):\n%s", diff)
	}
	var err error
	w.Node, err = testkit.OpenNode(t.Context(), w.Store, w.Keys,
		testkit.NodeOptions{Now: w.Clock.Now, PublishURL: "http://new.example.com/pki"})
	testkit.Check(t, err)
	published(t, w, root, 1)
	if diff := cmp.Diff([]string{moved}, parsed(t, inFirst()).CRLDistributionPoints); diff != "" {
		t.Errorf("the certificate names (-want +got):\n%s", diff)
	}
	keep(t, w)
	if diff := cmp.Diff([]string{moved, old}, slices.Sorted(slices.Values(issuance.ListURLs(published(t, w, root,
		1).Raw)))); diff != "" {
		t.Errorf("after the move the list is for (-want +got):\n%s", diff)
	}
}

package ca_test

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"notary"
	"notary/internal/ca"
	"notary/internal/issuance"
	"notary/internal/testkit"
)

// The hashes by which an issuer is named.
const (
	sha1Hash   = crypto.SHA1
	sha256Hash = crypto.SHA256
)

// ask is the request for the status of a certificate of the issuer.
func ask(t testing.TB, issuer *x509.Certificate, serial string, hash crypto.Hash) []byte {
	t.Helper()
	der, err := ocsp.CreateRequest(numbered(t, serial), issuer, &ocsp.RequestOptions{Hash: hash})
	testkit.Check(t, err)
	return der
}

func numbered(t testing.TB, serial string) *x509.Certificate {
	t.Helper()
	n, ok := new(big.Int).SetString(serial, 16)
	if !ok {
		t.Fatalf("%q is no serial number", serial)
	}
	return &x509.Certificate{SerialNumber: n}
}

// withNonce adds a nonce to a request; several puts several requests for one certificate
// together.
func withNonce(t testing.TB, request []byte, nonce string) []byte {
	t.Helper()
	return rebuilt(t, nonce, request)
}

func several(t testing.TB, requests ...[]byte) []byte {
	t.Helper()
	return rebuilt(t, "", requests...)
}

func rebuilt(t testing.TB, nonce string, requests ...[]byte) []byte {
	t.Helper()
	type extension struct {
		OID   asn1.ObjectIdentifier
		Value []byte
	}
	var whole struct {
		TBS struct {
			List       []asn1.RawValue
			Extensions []extension `asn1:"explicit,tag:2,optional,omitempty"`
		}
	}
	for _, one := range requests {
		var read struct {
			TBS struct{ List []asn1.RawValue }
		}
		_, err := asn1.Unmarshal(one, &read)
		testkit.Check(t, err)
		whole.TBS.List = append(whole.TBS.List, read.TBS.List...)
	}
	if nonce != "" {
		value, err := asn1.Marshal([]byte(nonce))
		testkit.Check(t, err)
		whole.TBS.Extensions = []extension{{asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 2}, value}}
	}
	der, err := asn1.Marshal(whole)
	testkit.Check(t, err)
	return der
}

// authorityCertificate is the authority's own.
func authorityCertificate(t testing.TB, w *testkit.World, id int64) *x509.Certificate {
	t.Helper()
	return parsed(t, authority(t, w, id).Certificate)
}

// status asks the service for one certificate, and reads the answer as relying parties do.
func status(t testing.TB, w *testkit.World, s *ca.Service, authorityID int64, serial string) *ocsp.Response {
	t.Helper()
	issuer := authorityCertificate(t, w, authorityID)
	answer := s.OCSP(t.Context(), authorityID, ask(t, issuer, serial, sha1Hash))
	return readAnswer(t, w, answer, issuer, serial)
}

func readAnswer(t testing.TB, w *testkit.World, answer ca.OCSPAnswer, issuer *x509.Certificate, serial string) *ocsp.Response {
	t.Helper()
	response, err := ocsp.ParseResponseForCert(answer.DER, numbered(t, serial), issuer)
	testkit.Check(t, err)
	now := w.Clock.Now()
	if response.ThisUpdate.After(now) || !response.NextUpdate.After(now) {
		t.Errorf("at %s an answer from %s to %s", now, response.ThisUpdate, response.NextUpdate)
	}
	if c := response.Certificate; now.Before(c.NotBefore) || response.NextUpdate.After(c.NotAfter) {
		t.Errorf("at %s a responder from %s to %s", now, c.NotBefore, c.NotAfter)
	}
	return response
}

// wantRefused wants an error of the protocol, which nobody may keep.
func wantRefused(t testing.TB, answer ca.OCSPAnswer, want issuance.OCSPError) {
	t.Helper()
	_, err := ocsp.ParseResponse(answer.DER, nil)
	var refused ocsp.ResponseError
	if !errors.As(err, &refused) || int(refused.Status) != int(want) {
		t.Errorf("the answer is %v, want error %d", err, want)
	}
	if !answer.NextUpdate.IsZero() || !answer.ThisUpdate.IsZero() {
		t.Errorf("the error may be kept until %s", answer.NextUpdate)
	}
}

// serialOf is the serial number of the certificate of a request.
func serialOf(t testing.TB, w *testkit.World, id int64) string {
	t.Helper()
	return request(t, w, id).Certificate.Serial
}

func TestOCSP(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.RSA2048)
	issuing := w.Intermediate(t, root, notary.ECDSAP384)
	good := serialOf(t, w, w.Signed(t, w.Admin(), issuing))
	revokedAt := w.Clock.Now()
	want := map[string]ocsp.Response{good: {Status: ocsp.Good}, "abcdef": {Status: ocsp.Unknown}}
	for _, reason := range []notary.RevocationReason{notary.Unspecified, notary.KeyCompromise, notary.AACompromise} {
		id := w.Signed(t, w.Admin(), issuing)
		want[serialOf(t, w, id)] = ocsp.Response{Status: ocsp.Revoked, RevokedAt: revokedAt, RevocationReason: notary.RevocationReasons[reason]}
		testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), id, reason))
	}
	w.Clock.Advance(time.Hour)
	issuer := authorityCertificate(t, w, issuing)
	var all [][]byte
	for serial, want := range want {
		for _, hash := range []crypto.Hash{sha1Hash, sha256Hash} {
			request := ask(t, issuer, serial, hash)
			all = append(all, request)
			answer := w.CA.OCSP(t.Context(), issuing, request)
			got := readAnswer(t, w, answer, issuer, serial)
			if got.Status != want.Status || !got.RevokedAt.Equal(want.RevokedAt) || got.RevocationReason != want.RevocationReason || got.IssuerHash != hash {
				t.Errorf("%s by %v: %d, %s, %d, %v", serial, hash, got.Status, got.RevokedAt, got.RevocationReason, got.IssuerHash)
			}
			if !got.ThisUpdate.Equal(w.Clock.Now()) || !got.NextUpdate.Equal(w.Clock.Now().Add(time.Hour)) {
				t.Errorf("at %s an answer from %s to %s", w.Clock.Now(), got.ThisUpdate, got.NextUpdate)
			}
			if keep := want.Status != ocsp.Unknown; keep != answer.NextUpdate.Equal(got.NextUpdate) || keep != answer.ThisUpdate.Equal(got.ThisUpdate) {
				t.Errorf("status %d: it may be kept until %s", want.Status, answer.NextUpdate)
			}
		}
	}
	// All in one.
	answer := w.CA.OCSP(t.Context(), issuing, several(t, all...))
	for serial, want := range want {
		if got := readAnswer(t, w, answer, issuer, serial); got.Status != want.Status || got.RevocationReason != want.RevocationReason {
			t.Errorf("%s among all: %d, %d", serial, got.Status, got.RevocationReason)
		}
	}
	if !answer.NextUpdate.IsZero() {
		t.Error("an answer that does not know a certificate may be kept")
	}
	// The intermediate is one of the root's certificates, and so is the root itself.
	for _, id := range []int64{root, issuing} {
		if got := status(t, w, w.CA, root, authority(t, w, id).Certificate.Serial); got.Status != ocsp.Good {
			t.Errorf("authority %d: %d", id, got.Status)
		}
	}
}

// The last list of an imported authority tells of certificates that are not known.
func TestOCSPOfImportedRevocation(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	revoked := w.Signed(t, w.Admin(), root)
	testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), revoked, notary.Superseded))
	w.Exec(t, `INSERT INTO revocation (authority_id, shard, serial, revoked_at, reason, listed_until)
		SELECT authority_id, 0, '0abc', 5, 'cessationOfOperation', 9 FROM revocation`)
	w.Exec(t, `UPDATE counter SET value = value + 1 WHERE name LIKE 'revoked %' AND value > 0`)
	w.Exec(t, `INSERT INTO counter (name, slot, value) VALUES ('unknown', 0, 1)`)
	got := status(t, w, w.CA, root, "0abc")
	if got.Status != ocsp.Revoked || got.RevokedAt.Unix() != 5 || got.RevocationReason != ocsp.CessationOfOperation {
		t.Errorf("status %d at %s for %d", got.Status, got.RevokedAt, got.RevocationReason)
	}
}

// Who may not answer says so; a disabled or revoked authority still answers.
func TestOCSPByAuthority(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	disabled, revoked, deleted := w.Intermediate(t, root, notary.ECDSAP256), w.Intermediate(t, root, notary.ECDSAP256), w.Intermediate(t, root, notary.ECDSAP256)
	short := newAuthority(t, w, ca.AuthorityOptions{SelfSigned: true, PathLen: -1, NotAfter: w.Clock.Now().Add(time.Hour)})
	requests := map[int64][]byte{}
	for _, id := range []int64{root, disabled, revoked, deleted, short} {
		requests[id] = ask(t, authorityCertificate(t, w, id), serialOf(t, w, w.Signed(t, w.Admin(), id)), sha1Hash)
	}
	w.CA.OCSP(t.Context(), deleted, requests[deleted])
	w.CA.OCSP(t.Context(), short, requests[short])
	testkit.Check(t, w.CA.EnableAuthority(t.Context(), w.Admin(), disabled, false))
	testkit.Check(t, w.RevokeAuthority(t.Context(), w.Admin(), revoked, notary.CACompromise))
	testkit.Check(t, w.CA.DeleteAuthority(t.Context(), w.Admin(), deleted, true))
	w.Clock.Advance(time.Hour)
	for _, id := range []int64{disabled, revoked} {
		if _, err := ocsp.ParseResponse(w.CA.OCSP(t.Context(), id, requests[id]).DER, authorityCertificate(t, w, id)); err != nil {
			t.Errorf("authority %d: %v", id, err)
		}
	}
	for name, refused := range map[string]ca.OCSPAnswer{
		"deleted":           w.CA.OCSP(t.Context(), deleted, requests[deleted]),
		"expired":           w.CA.OCSP(t.Context(), short, requests[short]),
		"pending":           w.CA.OCSP(t.Context(), w.Pending(t), requests[root]),
		"none":              w.CA.OCSP(t.Context(), nothing, requests[root]),
		"of another issuer": w.CA.OCSP(t.Context(), root, requests[disabled]),
	} {
		t.Run(name, func(t *testing.T) { wantRefused(t, refused, issuance.OCSPUnauthorized) })
	}
	// One of two is of this issuer: the other one is not known here.
	answer := w.CA.OCSP(t.Context(), root, several(t, requests[disabled], requests[root]))
	if !bytes.Contains(answer.DER, []byte{0x82, 0}) || !bytes.Contains(answer.DER, []byte{0x80, 0}) || !answer.NextUpdate.IsZero() {
		t.Errorf("of another issuer, among others: %x", answer.DER)
	}
}

func TestOCSPMalformed(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	issuer := authorityCertificate(t, w, root)
	good := ask(t, issuer, "01", sha1Hash)
	thousand := make([][]byte, 1000)
	for i := range thousand {
		thousand[i] = ask(t, issuer, fmt.Sprintf("%04x", i), sha1Hash)
	}
	for name, der := range map[string][]byte{
		"nothing": nil, "cut off": good[:len(good)-3], "1 MB": make([]byte, 1<<20), "too long a nonce": withNonce(t, good, string(make([]byte, 129))),
		"1,000 certificates": several(t, thousand...),
	} {
		t.Run(name, func(t *testing.T) { wantRefused(t, w.CA.OCSP(t.Context(), root, der), issuance.OCSPMalformedRequest) })
	}
	hundred := w.CA.OCSP(t.Context(), root, several(t, thousand[:100]...))
	if got := readAnswer(t, w, hundred, issuer, "0063"); got.Status != ocsp.Unknown {
		t.Errorf("the last of a hundred: %d", got.Status)
	}
}

// While the database does not answer, the answers that are kept do; the others say so.
func TestOCSPOutlastsADatabaseThatCannotBeRead(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	issuer, serial := authorityCertificate(t, w, root), serialOf(t, w, w.Signed(t, w.Admin(), root))
	kept, other := ask(t, issuer, serial, sha1Hash), ask(t, issuer, serial, sha256Hash)
	first := w.CA.OCSP(t.Context(), root, kept)
	w.Exec(t, `ALTER TABLE revocation RENAME TO hidden`)
	w.Exec(t, `ALTER TABLE counter RENAME TO hidden_counter`)
	w.Clock.Advance(10 * time.Second)
	if again := w.CA.OCSP(t.Context(), root, kept); !bytes.Equal(first.DER, again.DER) {
		t.Errorf("the answer that is kept is not given: %x", again.DER)
	}
	wantRefused(t, w.CA.OCSP(t.Context(), root, other), issuance.OCSPInternalError)
	w.Exec(t, `ALTER TABLE hidden RENAME TO revocation`)
	w.Exec(t, `ALTER TABLE hidden_counter RENAME TO counter`)
	if got := readAnswer(t, w, w.CA.OCSP(t.Context(), root, other), issuer, serial); got.Status != ocsp.Good {
		t.Errorf("afterwards: %d", got.Status)
	}
}

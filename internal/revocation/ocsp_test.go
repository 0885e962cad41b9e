package revocation_test

import (
	"bytes"
	"crypto"
	"errors"
	"fmt"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"notary"
	"notary/internal/ca"
	"notary/internal/issuance"
	"notary/internal/revocation"
	"notary/internal/testkit"
)

const (
	sha1Hash   = crypto.SHA1
	sha256Hash = crypto.SHA256
)

// wantRefused checks for an OCSP error that must not be cached.
func wantRefused(t testing.TB, answer revocation.OCSPResponse, want issuance.OCSPError) {
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
		want[serialOf(t, w, id)] = ocsp.Response{Status: ocsp.Revoked, RevokedAt: revokedAt,
			RevocationReason: notary.RevocationReasons[reason]}
		testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), id, reason))
	}
	w.Clock.Advance(time.Hour)
	issuer := authorityCertificate(t, w, issuing)
	var all [][]byte
	for serial, want := range want {
		for _, hash := range []crypto.Hash{sha1Hash, sha256Hash} {
			request := ask(t, issuer, serial, hash)
			all = append(all, request)
			answer := w.Revocation.OCSP(t.Context(), issuing, request)
			got := readAnswer(t, w, answer, issuer, serial)
			if got.Status != want.Status || !got.RevokedAt.Equal(want.RevokedAt) ||
				got.RevocationReason != want.RevocationReason || got.IssuerHash != hash {
				t.Errorf("%s by %v: %d, %s, %d, %v", serial, hash, got.Status, got.RevokedAt, got.RevocationReason, got.IssuerHash)
			}
			if !got.ThisUpdate.Equal(w.Clock.Now()) || !got.NextUpdate.Equal(w.Clock.Now().Add(time.Hour)) {
				t.Errorf("at %s an answer from %s to %s", w.Clock.Now(), got.ThisUpdate, got.NextUpdate)
			}
			if keep := want.Status != ocsp.Unknown; keep != answer.NextUpdate.Equal(got.NextUpdate) ||
				keep != answer.ThisUpdate.Equal(got.ThisUpdate) {
				t.Errorf("status %d: it may be kept until %s", want.Status, answer.NextUpdate)
			}
		}
	}
	// All in one request.
	answer := w.Revocation.OCSP(t.Context(), issuing, several(t, all...))
	for serial, want := range want {
		if got := readAnswer(t, w, answer, issuer, serial); got.Status != want.Status ||
			got.RevocationReason != want.RevocationReason {
			t.Errorf("%s among all: %d, %d", serial, got.Status, got.RevocationReason)
		}
	}
	if !answer.NextUpdate.IsZero() {
		t.Error("an answer that does not know a certificate may be kept")
	}
	// The root issued the subordinate CA and itself.
	for _, id := range []int64{root, issuing} {
		if got := status(t, w, w.Revocation, root, authority(t, w, id).Certificate.Serial); got.Status != ocsp.Good {
			t.Errorf("authority %d: %d", id, got.Status)
		}
	}
}

// An imported CRL provides the status of certificates that are not recorded.
func TestOCSPOfImportedRevocation(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	revoked := w.Signed(t, w.Admin(), root)
	testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), revoked, notary.Superseded))
	w.Exec(t, `INSERT INTO revocation (authority_id, shard, serial, revoked_at, reason, listed_until)
		SELECT authority_id, 0, '0abc', 5, 'cessationOfOperation', 9 FROM revocation`)
	w.Exec(t, `UPDATE counter SET value = value + 1 WHERE name = 'revoked' AND value > 0`)
	w.Exec(t, `INSERT INTO counter (name, at, object_id, part, slot, value) VALUES ('unknown', 0, 0, 0, 0, 1)`)
	got := status(t, w, w.Revocation, root, "0abc")
	if got.Status != ocsp.Revoked || got.RevokedAt.Unix() != 5 || got.RevocationReason != ocsp.CessationOfOperation {
		t.Errorf("status %d at %s for %d", got.Status, got.RevokedAt, got.RevocationReason)
	}
}

// A disabled or revoked authority still responds.
func TestOCSPByAuthority(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	disabled, revoked, deleted := w.Intermediate(t, root, notary.ECDSAP256), w.Intermediate(t, root, notary.ECDSAP256),
		w.Intermediate(t, root, notary.ECDSAP256)
	short := newAuthority(t, w, ca.AuthorityOptions{SelfSigned: true, PathLen: -1, NotAfter: w.Clock.Now().Add(time.Hour)})
	requests := map[int64][]byte{}
	for _, id := range []int64{root, disabled, revoked, deleted, short} {
		requests[id] = ask(t, authorityCertificate(t, w, id), serialOf(t, w, w.Signed(t, w.Admin(), id)), sha1Hash)
	}
	w.Revocation.OCSP(t.Context(), deleted, requests[deleted])
	w.Revocation.OCSP(t.Context(), short, requests[short])
	testkit.Check(t, w.CA.EnableAuthority(t.Context(), w.Admin(), disabled, false))
	testkit.Check(t, w.RevokeAuthority(t.Context(), w.Admin(), revoked, notary.CACompromise))
	testkit.Check(t, w.CA.DeleteAuthority(t.Context(), w.Admin(), deleted, true))
	w.Clock.Advance(time.Hour)
	for _, id := range []int64{disabled, revoked} {
		if _, err := ocsp.ParseResponse(w.Revocation.OCSP(t.Context(), id, requests[id]).DER,
			authorityCertificate(t, w, id)); err != nil {
			t.Errorf("authority %d: %v", id, err)
		}
	}
	for name, refused := range map[string]revocation.OCSPResponse{
		"deleted":           w.Revocation.OCSP(t.Context(), deleted, requests[deleted]),
		"expired":           w.Revocation.OCSP(t.Context(), short, requests[short]),
		"pending":           w.Revocation.OCSP(t.Context(), w.Pending(t), requests[root]),
		"none":              w.Revocation.OCSP(t.Context(), missingID, requests[root]),
		"of another issuer": w.Revocation.OCSP(t.Context(), root, requests[disabled]),
	} {
		t.Run(name, func(t *testing.T) { wantRefused(t, refused, issuance.OCSPUnauthorized) })
	}
	// One of the two has another issuer and is unknown here.
	answer := w.Revocation.OCSP(t.Context(), root, several(t, requests[disabled], requests[root]))
	if !bytes.Contains(answer.DER, []byte{0x82, 0}) || !bytes.Contains(answer.DER, []byte{0x80, 0}) ||
		!answer.NextUpdate.IsZero() {
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
		"nothing": nil, "cut off": good[:len(good)-3], "1 MB": make([]byte, 1<<20),
		"too long a nonce":   withNonce(t, good, string(make([]byte, 129))),
		"1,000 certificates": several(t, thousand...),
	} {
		t.Run(name, func(t *testing.T) {
			wantRefused(t, w.Revocation.OCSP(t.Context(), root, der), issuance.OCSPMalformedRequest)
		})
	}
	hundred := w.Revocation.OCSP(t.Context(), root, several(t, thousand[:100]...))
	if got := readAnswer(t, w, hundred, issuer, "0063"); got.Status != ocsp.Unknown {
		t.Errorf("the last of a hundred: %d", got.Status)
	}
}

// While the database is unavailable, cached responses are served; other requests get an error.
func TestOCSPOutlastsADatabaseThatCannotBeRead(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	issuer, serial := authorityCertificate(t, w, root), serialOf(t, w, w.Signed(t, w.Admin(), root))
	kept, other := ask(t, issuer, serial, sha1Hash), ask(t, issuer, serial, sha256Hash)
	first := w.Revocation.OCSP(t.Context(), root, kept)
	w.Exec(t, `ALTER TABLE revocation RENAME TO hidden`)
	w.Exec(t, `ALTER TABLE counter RENAME TO hidden_counter`)
	w.Clock.Advance(10 * time.Second)
	if again := w.Revocation.OCSP(t.Context(), root, kept); !bytes.Equal(first.DER, again.DER) {
		t.Errorf("the answer that is kept is not given: %x", again.DER)
	}
	wantRefused(t, w.Revocation.OCSP(t.Context(), root, other), issuance.OCSPInternalError)
	w.Exec(t, `ALTER TABLE hidden RENAME TO revocation`)
	w.Exec(t, `ALTER TABLE hidden_counter RENAME TO counter`)
	if got := readAnswer(t, w, w.Revocation.OCSP(t.Context(), root, other), issuer, serial); got.Status != ocsp.Good {
		t.Errorf("afterwards: %d", got.Status)
	}
}

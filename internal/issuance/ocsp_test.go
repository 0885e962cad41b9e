package issuance_test

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"notary"
	"notary/internal/issuance"
	"notary/internal/pki"
)

func newResponder(tb testing.TB, issuer issuance.Issuer) issuance.Responder {
	tb.Helper()
	key := newKey(tb)
	issued, err := issuance.NewResponder(issuer, profile(tb, notary.OCSPProfile), key, terms)
	if err != nil {
		tb.Fatal(err)
	}
	return issuance.Responder{Certificate: issued.Certificate, Signer: key}
}

func certID(tb testing.TB, issuer issuance.Issuer, serial int64) []byte {
	tb.Helper()
	der, err := ocsp.CreateRequest(&x509.Certificate{SerialNumber: big.NewInt(serial)}, issuer.Certificate, nil)
	if err != nil {
		tb.Fatal(err)
	}
	request, err := pki.ParseOCSPRequest(der)
	if err != nil {
		tb.Fatal(err)
	}
	return request.Certs[0].Raw
}

func newAnswer(certs ...issuance.OCSPStatus) issuance.OCSPResponse {
	at := now.Truncate(time.Second)
	return issuance.OCSPResponse{ThisUpdate: at, NextUpdate: at.Add(time.Hour), Certs: certs}
}

func TestOCSP(t *testing.T) {
	t.Parallel()
	for _, alg := range algorithms {
		t.Run(string(alg), func(t *testing.T) {
			t.Parallel()
			root := newRoot(t, alg, -1)
			responder := newResponder(t, root)
			revokedAt := now.Add(-time.Hour).Truncate(time.Second)
			want := map[int64]ocsp.Response{1: {Status: ocsp.Good}, 2: {Status: ocsp.Unknown}}
			answer := newAnswer(issuance.OCSPStatus{ID: certID(t, root, 1), Known: true},
				issuance.OCSPStatus{ID: certID(t, root, 2)})
			for reason, code := range notary.RevocationReasons {
				serial := int64(100 + code)
				answer.Certs = append(answer.Certs, issuance.OCSPStatus{ID: certID(t, root, serial), Known: true,
					Revocation: &notary.Revocation{At: revokedAt, Reason: reason}})
				want[serial] = ocsp.Response{Status: ocsp.Revoked, RevokedAt: revokedAt, RevocationReason: code}
			}
			der, err := issuance.OCSP(responder, answer)
			if err != nil {
				t.Fatal(err)
			}
			for serial, want := range want {
				got, err := ocsp.ParseResponseForCert(der, &x509.Certificate{SerialNumber: big.NewInt(serial)}, root.Certificate)
				if err != nil {
					t.Fatal(err)
				}
				if got.Status != want.Status || !got.RevokedAt.Equal(want.RevokedAt) ||
					got.RevocationReason != want.RevocationReason {
					t.Errorf("serial %d: %d, %s, %d", serial, got.Status, got.RevokedAt, got.RevocationReason)
				}
				if !got.ThisUpdate.Equal(answer.ThisUpdate) || !got.ProducedAt.Equal(answer.ThisUpdate) ||
					!got.NextUpdate.Equal(answer.NextUpdate) {
					t.Errorf("serial %d: %s, %s, %s", serial, got.ThisUpdate, got.ProducedAt, got.NextUpdate)
				}
				if !got.Certificate.Equal(responder.Certificate) || len(got.ResponderKeyHash) != 20 {
					t.Errorf("the answer does not name the responder: %x", got.ResponderKeyHash)
				}
			}
			unspecified := []byte{0xa0, 3, 0x0a, 1, 0}
			if bytes.Contains(der, unspecified) {
				t.Error("the reason unspecified is not left out")
			}
		})
	}
}

func TestOCSPNonce(t *testing.T) {
	t.Parallel()
	root := newRoot(t, notary.ECDSAP256, -1)
	responder := newResponder(t, root)
	answer := newAnswer(issuance.OCSPStatus{ID: certID(t, root, 1), Known: true})
	without, err := issuance.OCSP(responder, answer)
	if err != nil {
		t.Fatal(err)
	}
	answer.Nonce = []byte("what was asked")
	with, err := issuance.OCSP(responder, answer)
	if err != nil {
		t.Fatal(err)
	}
	oid := []byte{0x06, 9, 0x2b, 6, 1, 5, 5, 7, 0x30, 1, 2}
	echoed := append(append(bytes.Clone(oid), 4, 16, 4, 14), answer.Nonce...)
	if !bytes.Contains(with, echoed) || bytes.Contains(without, oid) {
		t.Errorf("the nonce is echoed: %t; where there was none: %t", bytes.Contains(with, echoed),
			bytes.Contains(without, oid))
	}
	if _, err := ocsp.ParseResponse(with, root.Certificate); err != nil {
		t.Error(err)
	}
}

func TestOCSPRefused(t *testing.T) {
	t.Parallel()
	root := newRoot(t, notary.ECDSAP256, -1)
	good := newResponder(t, root)
	foreign := good
	foreign.Signer = newKey(t)
	tests := []struct {
		name      string
		responder issuance.Responder
		edit      func(*issuance.OCSPResponse)
		words     string
	}{
		{"no certificate", good, func(a *issuance.OCSPResponse) { a.Certs = nil }, "empty"},
		{"ends as it begins", good, func(a *issuance.OCSPResponse) { a.NextUpdate = a.ThisUpdate }, "before it becomes valid"},
		{"outlives the responder", good, func(a *issuance.OCSPResponse) { a.NextUpdate = now.AddDate(1, 0, 0) }, "validity"},
		{"before the responder", good, func(a *issuance.OCSPResponse) { a.ThisUpdate = now.AddDate(-1, 0, 0) }, "validity"},
		{"unknown reason", good, func(a *issuance.OCSPResponse) {
			a.Certs[0].Revocation = &notary.Revocation{At: now, Reason: "removeFromCRL"}
		}, "removeFromCRL"},
		{"no time", good, func(a *issuance.OCSPResponse) {
			a.Certs[0].Revocation = &notary.Revocation{Reason: notary.Superseded}
		}, "superseded"},
		{"another's key", foreign, func(*issuance.OCSPResponse) {}, "verify"},
		{"a signer that fails", issuance.Responder{Certificate: good.Certificate, Signer: lostSigner{good.Signer}},
			func(*issuance.OCSPResponse) {}, "sign"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			answer := newAnswer(issuance.OCSPStatus{ID: certID(t, root, 1), Known: true})
			test.edit(&answer)
			der, err := issuance.OCSP(test.responder, answer)
			wantError(t, err, notary.Internal, test.words)
			if der != nil {
				t.Error("an answer came out all the same")
			}
		})
	}
}

func TestOCSPError(t *testing.T) {
	t.Parallel()
	for reason, want := range map[issuance.OCSPError]ocsp.ResponseStatus{
		issuance.OCSPMalformedRequest: ocsp.Malformed, issuance.OCSPInternalError: ocsp.InternalError,
		issuance.OCSPTryLater: ocsp.TryLater, issuance.OCSPUnauthorized: ocsp.Unauthorized,
	} {
		_, err := ocsp.ParseResponse(reason.DER(), nil)
		var got ocsp.ResponseError
		if !errors.As(err, &got) || got.Status != want {
			t.Errorf("%d is read as %v", reason, err)
		}
	}
}

// lostSigner has a key that fails to sign.
type lostSigner struct{ crypto.Signer }

func (lostSigner) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, errors.New("the device is gone")
}

package testkit

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"testing"

	"notary"
	"notary/internal/store"
)

// Fill adds n copies of a signed request and its certificate directly to the store. Each copy has its own fingerprints
// and its own recorded serial number. The CSR, and the certificate except for its last octets, are unchanged, so that
// nothing has to be signed.
func Fill(t testing.TB, st *store.Store, sample int64, n int) {
	t.Helper()
	req, err := st.Request(t.Context(), sample)
	Check(t, err)
	const together = 10 // per savepoint: SQLite slows down the more pages a savepoint changes
	for from := 0; from < n; from += together {
		Check(t, st.Write(t.Context(), func(tx *store.Tx) error {
			for i := from; i < min(from+together, n); i++ {
				if err := copyRequest(t.Context(), tx, *req, i); err != nil {
					return err
				}
			}
			return nil
		}))
	}
	Check(t, store.NewSequencer(st).Run(t.Context())) // as on a server that has been running for a while
}

func copyRequest(ctx context.Context, tx *store.Tx, req notary.Request, i int) error {
	by := (&notary.Account{ID: req.RequesterID, Email: req.Email}).Caller()
	cert := *req.Certificate
	req.Fingerprint, req.Content = fmt.Sprintf("%064x", i), ""
	id, err := tx.InsertRequest(&req)
	if err != nil {
		return err
	}
	req.ID = id
	if err := tx.Event(notary.EventBy(by, "request.create", req.Ref())); err != nil {
		return err
	}
	cert.RequestID, cert.Serial = id, fmt.Sprintf("%032x", i)
	cert.DER, cert.Fingerprint = Variant(cert.DER, uint64(i))
	certID, err := tx.InsertCertificate(&cert)
	if err != nil {
		return err
	}
	stored, err := tx.Request(ctx, id)
	if err != nil {
		return err
	}
	if err := tx.Transition(stored, notary.Active, certID); err != nil {
		return err
	}
	return tx.Event(notary.EventBy(by, "request.sign", req.Ref()))
}

// Variant replaces the last eight octets of a certificate, which belong to the signature, with n. It returns the new
// DER and its fingerprint. The new certificate has the same content but an invalid signature.
func Variant(der []byte, n uint64) (variant []byte, fingerprint string) {
	variant = binary.BigEndian.AppendUint64(slices.Clone(der[:len(der)-8]), n)
	digest := sha256.Sum256(variant)
	return variant, hex.EncodeToString(digest[:])
}

package testkit

import (
	"context"
	"fmt"
	"testing"

	"notary"
	"notary/internal/store"
)

// Fill puts n copies of a signed request, with copies of its certificate, straight into the
// store. A copy has its own fingerprints and serial number, and the CSR and DER of the
// sample, so that no time goes into signing.
func Fill(t testing.TB, st *store.Store, sample int64, n int) {
	t.Helper()
	req, err := st.Request(t.Context(), sample)
	Check(t, err)
	const together = 1000
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
}

func copyRequest(ctx context.Context, tx *store.Tx, req notary.Request, i int) error {
	by := notary.Caller{AccountID: req.RequesterID, Email: req.Email}
	cert := *req.Certificate
	req.Fingerprint = fmt.Sprintf("%064x", i)
	id, err := tx.InsertRequest(&req)
	if err != nil {
		return err
	}
	if err := tx.Event(notary.EventBy(by, "request.create", id, "")); err != nil {
		return err
	}
	cert.RequestID, cert.Serial, cert.Fingerprint = id, fmt.Sprintf("%032x", i), req.Fingerprint
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
	return tx.Event(notary.EventBy(by, "request.sign", id, ""))
}

package revocation

import (
	"context"
	"errors"
	"time"

	"notary"
	"notary/internal/issuance"
	"notary/internal/issuers"
	"notary/internal/pki"
)

// ocspValidity is the maximum period from thisUpdate to nextUpdate of an OCSP response.
const ocspValidity = time.Hour

// OCSPResponse is an OCSP response (RFC 6960, section 4.2).
type OCSPResponse struct {
	DER []byte
	// ThisUpdate and NextUpdate bound the period in which the response may be cached. They are zero for errors,
	// responses with a nonce, and responses about an unknown certificate, which may be issued soon.
	ThisUpdate, NextUpdate time.Time
}

// OCSP responds to an OCSP request (DER) for an authority. The response status is unauthorized (RFC 5019, section
// 2.2.3) if the authority does not exist, is pending or offline, has an expired certificate in its chain, or issued
// none of the certificates. A disabled or revoked authority still responds.
func (s *Service) OCSP(ctx context.Context, authorityID int64, request []byte) OCSPResponse {
	answer, err := s.answerOCSP(ctx, authorityID, request)
	var refusal issuance.OCSPError
	switch notary.KindOf(err) {
	case "":
		return answer
	case notary.Invalid:
		refusal = issuance.OCSPMalformedRequest
	case notary.NotFound:
		refusal = issuance.OCSPUnauthorized
	case notary.Unavailable, notary.OutcomeUnknown, notary.Conflict:
		refusal = issuance.OCSPTryLater
		s.log.WarnContext(ctx, "temporarily unable to answer an OCSP request", "authority", authorityID, "error", err)
	default:
		refusal = issuance.OCSPInternalError
		if errors.Is(err, issuers.ErrDamaged) { // already logged
			break
		}
		s.log.ErrorContext(ctx, "could not answer an OCSP request", "authority", authorityID, "error", err)
	}
	return OCSPResponse{DER: refusal.DER()}
}

func (s *Service) answerOCSP(ctx context.Context, authorityID int64, der []byte) (OCSPResponse, error) {
	request, err := pki.ParseOCSPRequest(der)
	if err != nil {
		return OCSPResponse{}, err
	}
	a, err := s.respondingAuthority(ctx, authorityID, request)
	if err != nil {
		return OCSPResponse{}, err
	}
	since := s.moment(ctx, a.ID)
	key := answerKey{a.ID, string(request.Certs[0].Raw)}
	alone := len(request.Certs) == 1 && request.Nonce == nil
	if alone {
		if kept, ok := s.answers.get(key, s.now()); ok {
			return kept, nil
		}
	}
	answer, known, err := s.signOCSP(ctx, a, request, since)
	if err != nil || !known || request.Nonce != nil {
		return OCSPResponse{DER: answer.DER}, err
	}
	if alone {
		s.answers.put(key, answer, since)
	}
	return answer, nil
}

func (s *Service) respondingAuthority(ctx context.Context, authorityID int64,
	request *pki.OCSPRequest) (*issuers.Issuer, error) {
	a, err := s.issuers.Get(ctx, authorityID)
	if err != nil {
		return nil, err
	}
	if a.Issuer.Certificate == nil || !a.End().After(s.now()) {
		return nil, notary.Errorf(notary.NotFound, "CA %d has no valid certificate",
			authorityID)
	}
	if a.Offline {
		return nil, notary.Errorf(notary.NotFound, "the key of CA %d is offline, so it has no OCSP responder: use its CRL",
			authorityID)
	}
	for _, id := range request.Certs {
		if id.IssuedBy(a.Issuer.Certificate) {
			return a, nil
		}
	}
	return nil, notary.Errorf(notary.NotFound, "CA %d has issued none of these certificates",
		authorityID)
}

// signOCSP signs a new response. The result known reports whether all certificates in the request are known.
func (s *Service) signOCSP(ctx context.Context, a *issuers.Issuer, request *pki.OCSPRequest,
	since moment) (answer OCSPResponse, known bool, err error) {
	responder, err := s.responder(ctx, a, since, renewOnDemand)
	if err != nil {
		return OCSPResponse{}, false, err
	}
	now := s.now().UTC().Truncate(time.Second)
	response := issuance.OCSPResponse{ThisUpdate: now, NextUpdate: now.Add(ocspValidity), Nonce: request.Nonce}
	if end := responder.Certificate.NotAfter; response.NextUpdate.After(end) {
		response.NextUpdate = end
	}
	known = true
	for _, id := range request.Certs {
		status := issuance.OCSPStatus{ID: id.Raw}
		if id.IssuedBy(a.Issuer.Certificate) {
			status.Known, status.Revocation, err = s.store.CertificateStatus(ctx, a.ID, id.Serial)
			if err != nil {
				return OCSPResponse{}, false, err
			}
			if v := status.Revocation; v != nil && v.At.After(now) { // from a node whose clock is ahead, or imported
				v.At = now
			}
		}
		known = known && status.Known
		response.Certs = append(response.Certs, status)
	}
	der, err := issuance.OCSP(responder, response)
	return OCSPResponse{DER: der, ThisUpdate: response.ThisUpdate, NextUpdate: response.NextUpdate}, known, err
}

package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	encoding "encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	mathrand "math/rand/v2"
	"runtime"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
	"golang.org/x/crypto/ocsp"
)

// floorSignature is the floor of an OCSP response that is not cached.
const floorSignature = "bare ECDSA P-256 signature"

const askedFor = 1000

func (b *bench) measurePublishing(ctx context.Context) error {
	list := fetching("published CRL", fmt.Sprintf("/crl/%d.crl", b.authority.issuing[0]))
	list.half = true
	if _, err := b.run(ctx, list); err != nil {
		return err
	}
	if cached := "OCSP, cached"; b.wanted(cached) {
		requests, err := b.ocspRequests(false)
		if err != nil {
			return err
		}
		if err := b.measureOCSP(ctx, cached, requests); err != nil {
			return err
		}
	}
	if signed := "OCSP, signed for each"; b.wanted(signed) {
		requests, err := b.ocspRequests(true)
		if err != nil {
			return err
		}
		return b.measureOCSP(ctx, signed, requests)
	}
	return nil
}

func fetching(name, path string) operation {
	op := getting(name, path)
	op.published = true
	return op
}

func (b *bench) measureOCSP(ctx context.Context, name string, requests [][]byte) error {
	floors := []comparison{{with: floorSignature}}
	if err := b.measureFloors(ctx, floors); err != nil {
		return err
	}
	path := fmt.Sprintf("/ocsp/%d", b.authority.issuing[0])
	op := operation{name: name, half: true, published: true,
		next: func(r *mathrand.Rand) (call, bool) {
			return call{method: "POST", path: path, contentType: "application/ocsp-request", body: pick(r, requests)},
				true
		},
		check: func(_ call, body []byte) error {
			answer, err := ocsp.ParseResponse(body, nil)
			if err == nil && answer.Status != ocsp.Good {
				err = fmt.Errorf("the certificate status is %d instead of good", answer.Status)
			}
			return err
		}}
	_, err := b.runBetween(ctx, op, floors)
	return err
}

// ocspRequests returns requests for unrevoked certificates of the first authority, with or without a nonce. A nonce
// prevents caching.
func (b *bench) ocspRequests(nonce bool) (requests [][]byte, err error) {
	issuer, err := x509.ParseCertificate(b.lives.samples[0].issuers.DER()[0])
	if err != nil {
		return nil, err
	}
	for _, k := range b.known {
		if k.authority != b.authority.issuing[0] || k.revoked {
			continue
		}
		request, err := ocspRequest(issuer, k.serial, nonce)
		if err != nil {
			return nil, err
		}
		if requests = append(requests, request); len(requests) == askedFor {
			break
		}
	}
	return requests, nil
}

func ocspRequest(issuer *x509.Certificate, serial string, nonce bool) ([]byte, error) {
	number, ok := new(big.Int).SetString(serial, 16)
	if !ok {
		return nil, fmt.Errorf("%q is not a serial number", serial)
	}
	request, err := ocsp.CreateRequest(&x509.Certificate{SerialNumber: number}, issuer, nil)
	if err != nil || !nonce {
		return request, err
	}
	var whole, tbs cryptobyte.String
	in := cryptobyte.String(request)
	if !in.ReadASN1(&whole, asn1.SEQUENCE) || !whole.ReadASN1(&tbs, asn1.SEQUENCE) {
		return nil, errors.New("the OCSP request cannot be parsed")
	}
	value := cryptobyte.NewBuilder(nil)
	value.AddASN1OctetString([]byte(rand.Text())) // RFC 9654, section 2.1
	b := cryptobyte.NewBuilder(nil)
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddBytes(tbs)
			b.AddASN1(asn1.Tag(2).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) {
				b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
						b.AddASN1ObjectIdentifier(nonceExtension)
						b.AddASN1OctetString(value.BytesOrPanic())
					})
				})
			})
		})
	})
	return b.Bytes()
}

// nonceExtension is id-pkix-ocsp-nonce.
var nonceExtension = encoding.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 2}

func measureSignature(ctx context.Context, length time.Duration) (speed, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return speed{}, err
	}
	digest := sha256.Sum256([]byte("floor"))
	return repeat(ctx, runtime.GOMAXPROCS(0), length, func(int) error {
		_, err := key.Sign(rand.Reader, digest[:], crypto.SHA256)
		return err
	})
}

package ca

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"strings"

	"notary"
)

// SealedSample names an unused sealed key and its public key. Only nodes with the same key file or passphrase can
// open it.
const SealedSample = "sealed sample"

// agreeOnSecret returns an error if this node's key file or passphrase differs from that of the other nodes.
func (s *Service) agreeOnSecret(ctx context.Context) error {
	agreed, err := s.store.Agreed(ctx, SealedSample)
	if err != nil {
		return err
	}
	if agreed == "" {
		sample, err := s.sealSample(ctx)
		if err != nil {
			return err
		}
		if agreed, err = s.store.Agree(ctx, SealedSample, sample); err != nil {
			return err
		}
	}
	if err := s.openSample(ctx, agreed); err != nil {
		return &notary.Error{Kind: notary.Conflict, Err: err,
			Message: "this node's key file or passphrase differs from that of the other nodes: " +
				"copy seal.key from one of them, or set the same NOTARY_KEY_PASSPHRASE"}
	}
	return nil
}

func (s *Service) sealSample(ctx context.Context) (string, error) {
	key, err := s.keys.Generate(ctx, notary.Ed25519)
	if err != nil {
		return "", err
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return "", notary.InternalError("write a public key", err)
	}
	return base64.StdEncoding.EncodeToString(public) + " " + base64.StdEncoding.EncodeToString(key.Reference), nil
}

func (s *Service) openSample(ctx context.Context, sample string) error {
	public, sealed, _ := strings.Cut(sample, " ")
	der, err := base64.StdEncoding.DecodeString(public)
	if err != nil {
		return err
	}
	key, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return err
	}
	box, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil {
		return err
	}
	_, err = s.keys.Open(ctx, box, key)
	return err
}

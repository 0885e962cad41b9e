package keystore

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"strings"

	"notary"
)

// SealedSample is the name under which an unused sealed key and its public key are stored. Only nodes with the same key
// file or passphrase can open the key.
const SealedSample = "sealed sample"

// Agreements stores the values on which all nodes agree, by name.
type Agreements interface {
	Agreed(ctx context.Context, name string) (string, error)
	Agree(ctx context.Context, name, value string) (agreed string, err error)
}

// Agree checks that this node has the same key file or passphrase as the other nodes, and returns a Conflict error if
// it does not. Call it before this node seals any key, so that the other nodes can open that key.
func Agree(ctx context.Context, keys Keys, all Agreements) error {
	agreed, err := all.Agreed(ctx, SealedSample)
	if err != nil {
		return err
	}
	if agreed == "" {
		sample, err := sealSample(ctx, keys)
		if err != nil {
			return err
		}
		if agreed, err = all.Agree(ctx, SealedSample, sample); err != nil {
			return err
		}
	}
	if err := openSample(ctx, keys, agreed); err != nil {
		return &notary.Error{Kind: notary.Conflict, Err: err,
			Message: "this node's key file or passphrase differs from that of the other nodes: " +
				"copy seal.key from one of them, or set the same NOTARY_KEY_PASSPHRASE"}
	}
	return nil
}

func sealSample(ctx context.Context, keys Keys) (string, error) {
	key, err := keys.Generate(ctx, notary.Ed25519)
	if err != nil {
		return "", err
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return "", notary.InternalError("write a public key", err)
	}
	return base64.StdEncoding.EncodeToString(public) + " " + base64.StdEncoding.EncodeToString(key.Reference), nil
}

func openSample(ctx context.Context, keys Keys, sample string) error {
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
	_, err = keys.Open(ctx, box, key)
	return err
}

package pki

import "crypto/sha256"

// MACKey exports the key derivation for the MAC of a PFX with SHA-256.
func MACKey(password string, salt []byte) []byte {
	return macKey(sha256.New, terminated(password), salt, 1)
}

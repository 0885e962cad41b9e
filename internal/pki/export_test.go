package pki

import "crypto/sha256"

// MACKey is the key of a PFX's MAC with SHA-256.
func MACKey(password string, salt []byte) []byte {
	return macKey(sha256.New, terminated(password), salt, 1)
}

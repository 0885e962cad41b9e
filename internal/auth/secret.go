package auth

import (
	"crypto/rand"
	"hash/crc32"
	"regexp"
	"strings"
)

// The secret of an API token is a prefix, random characters and a checksum, the CRC-32 (IEEE) of all before it, so that
// programs that search for leaked secrets recognise it without asking the server. It has 190 random bits.
const (
	secretPrefix   = "ntry_"
	secretRandom   = 32 // characters
	secretChecksum = 6
	secretStart    = len(secretPrefix) + 4 // that are shown afterwards
)

// SecretPattern is the regular expression of the secrets of API tokens.
const SecretPattern = `ntry_[0-9A-Za-z]{38}`

var secretForm = regexp.MustCompile(`^` + SecretPattern + `$`)

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

func newSecret() string {
	secret := make([]byte, 0, len(secretPrefix)+secretRandom+secretChecksum)
	secret = append(secret, secretPrefix...)
	for len(secret) < len(secretPrefix)+secretRandom {
		var random [secretRandom]byte
		rand.Read(random[:]) // never fails
		for _, b := range random {
			// Larger values would make some characters more likely than others.
			if b < 4*byte(len(base62)) && len(secret) < len(secretPrefix)+secretRandom {
				secret = append(secret, base62[b%byte(len(base62))])
			}
		}
	}
	return string(secret) + checksum(string(secret))
}

// checksum returns the CRC-32 of a text in base 62, most significant digit first.
func checksum(text string) string {
	sum := crc32.ChecksumIEEE([]byte(text))
	digits := make([]byte, secretChecksum)
	for i := range digits {
		digits[len(digits)-1-i] = base62[sum%uint32(len(base62))]
		sum /= uint32(len(base62))
	}
	return string(digits)
}

// isSecret reports whether a bearer token is meant as an API token, rather than a session.
func isSecret(token string) bool { return strings.HasPrefix(token, secretPrefix) }

// intactSecret reports whether the form and the checksum of a secret are right.
func intactSecret(secret string) bool {
	end := len(secret) - secretChecksum
	return secretForm.MatchString(secret) && checksum(secret[:end]) == secret[end:]
}

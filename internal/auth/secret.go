package auth

import (
	"crypto/rand"
	"hash/crc32"
	"regexp"
	"strings"
)

// The secret of an API token consists of a prefix, random characters (190 bits) and a checksum: the CRC-32 (IEEE) of
// everything before it. Secret scanners can thus recognize a secret without contacting the server.
const (
	secretPrefix   = "ntry_"
	secretRandom   = 32 // characters
	secretChecksum = 6
	secretStart    = len(secretPrefix) + 4 // characters shown after creation
)

// SecretPattern is a regular expression that matches the secret of an API token.
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
			// Discard larger values, which would make some characters more likely than others.
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

// isSecret reports whether a bearer token has the prefix of API tokens. Other bearer tokens are session tokens.
func isSecret(token string) bool { return strings.HasPrefix(token, secretPrefix) }

// intactSecret reports whether the format and checksum of a secret are valid.
func intactSecret(secret string) bool {
	end := len(secret) - secretChecksum
	return secretForm.MatchString(secret) && checksum(secret[:end]) == secret[end:]
}

package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"notary"
)

// The cost of a password: argon2id with 19 MiB, two passes, one lane, the least that OWASP's
// guide to storing passwords asks for.
const (
	argonMemory = 19 * 1024 // KiB
	argonPasses = 2
	argonLanes  = 1
	argonSalt   = 16 // bytes
	argonKey    = 32 // bytes
)

const (
	minPassword = 12   // characters
	maxPassword = 1024 // bytes
	// minEntropy is what a password must be worth, in bits: about a million guesses by
	// somebody who tries known passwords, names, dates and keyboard patterns first.
	minEntropy = 20
	// maxJudged is how many characters are judged; the cost grows with their square.
	maxJudged = 64
)

// newPassword checks that a password is acceptable, and returns its hash.
func newPassword(ctx context.Context, password, email string) (string, error) {
	if err := checkPassword(password, email); err != nil {
		return "", err
	}
	salt := make([]byte, argonSalt)
	rand.Read(salt)                                // never fails
	release, err := hashing.acquire(ctx, "", true) // the caller may set passwords
	if err != nil {
		return "", err
	}
	defer release()
	key := argon2.IDKey([]byte(password), salt, argonPasses, argonMemory, argonLanes, argonKey)
	enc := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonPasses, argonLanes,
		enc.EncodeToString(salt), enc.EncodeToString(key)), nil
}

func checkPassword(password, email string) error {
	refuse := func(format string, args ...any) error { return notary.FieldErrorf("password", format, args...) }
	if !utf8.ValidString(password) {
		return refuse("the password is not valid UTF-8")
	}
	if utf8.RuneCountInString(password) < minPassword {
		return refuse("the password must have %d characters or more", minPassword)
	}
	if len(password) > maxPassword {
		return refuse("the password must have %d bytes or fewer", maxPassword)
	}
	if strings.EqualFold(password, email) {
		return refuse("the password must not be the e-mail address")
	}
	if entropy(password, email) < minEntropy {
		return refuse("this password is among the first that are tried: take one that is less common, " +
			"such as four words that do not belong together")
	}
	return nil
}

// keyboardWalks are common passwords that go to and fro between the rows of a keyboard, which
// are not taken for patterns otherwise.
var keyboardWalks = []string{"1q2w3e4r5t6y", "1q2w3e4r5t", "q1w2e3r4t5y6", "1qaz2wsx3edc", "1qazxsw23edc", "zaq12wsxcde3", "zaq1xsw2cde3", "qazwsxedcrfv"}

// decoy is verified where there is no account, so that this takes as long as with one. No
// password fits it.
var decoy = fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonPasses, argonLanes,
	base64.RawStdEncoding.EncodeToString(make([]byte, argonSalt)),
	base64.RawStdEncoding.EncodeToString(make([]byte, argonKey)))

// verifyPassword says whether the password fits the hash. An empty hash fits none, and takes
// as long. The caller holds a slot.
func verifyPassword(hash, password string) (bool, error) {
	if len(password) > maxPassword {
		password = "" // no account has an empty one
	}
	if hash == "" {
		hash = decoy
	}
	var (
		version, passes, memory int
		lanes                   uint8
		rest                    string
	)
	if _, err := fmt.Sscanf(hash, "$argon2id$v=%d$m=%d,t=%d,p=%d$%s", &version, &memory, &passes, &lanes, &rest); err != nil {
		return false, notary.InternalError("read the password's hash", err)
	}
	saltText, keyText, _ := strings.Cut(rest, "$")
	salt, err := base64.RawStdEncoding.DecodeString(saltText)
	if err != nil {
		return false, notary.InternalError("read the password's salt", err)
	}
	want, err := base64.RawStdEncoding.DecodeString(keyText)
	if err != nil {
		return false, notary.InternalError("read the password's hash", err)
	}
	got := argon2.IDKey([]byte(password), salt, uint32(passes), uint32(memory), lanes, argonKey)
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}

package auth

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"time"
)

// DeviceLife is how long a browser is recognized after a login.
const DeviceLife = knownFor

// A device token contains the ID of the account that logged in, the time, and a nonce. Wrong passwords are counted
// separately for each nonce. The token only relaxes login limits. A password change invalidates it.
const (
	deviceNonce   = 16 // octets
	devicePayload = 8 + 8 + deviceNonce
)

// NewDevice returns a token for a browser in which the account has logged in. It is valid from any address.
func (s *Service) NewDevice(ctx context.Context, accountID int64) (string, error) {
	key, err := s.deviceKey(ctx, accountID)
	if err != nil {
		return "", err
	}
	payload := binary.BigEndian.AppendUint64(nil, uint64(accountID))
	payload = binary.BigEndian.AppendUint64(payload, uint64(s.now().Unix()))
	nonce := make([]byte, deviceNonce)
	rand.Read(nonce) // never fails
	payload = append(payload, nonce...)
	return base64.RawURLEncoding.EncodeToString(append(payload, sign(key, payload)...)), nil
}

func (s *Service) device(ctx context.Context, accountID int64, token string) (string, error) {
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(raw) != devicePayload+sha256.Size || accountID == 0 {
		return "", nil
	}
	key, err := s.deviceKey(ctx, accountID)
	if err != nil {
		return "", err
	}
	payload := raw[:devicePayload]
	issued := time.Unix(int64(binary.BigEndian.Uint64(payload[8:])), 0)
	if !hmac.Equal(raw[devicePayload:], sign(key, payload)) || binary.BigEndian.Uint64(payload) != uint64(accountID) ||
		!s.now().Before(issued.Add(DeviceLife)) {
		return "", nil
	}
	return hex.EncodeToString(payload[16:]), nil
}

func sign(key, payload []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write(payload)
	return mac.Sum(nil)
}

// deviceKey returns the key that signs an account's device tokens, derived from its password hash and a secret that all
// nodes share.
func (s *Service) deviceKey(ctx context.Context, accountID int64) ([]byte, error) {
	const name = "device key"
	secret, err := s.store.Agreed(ctx, name)
	if err == nil && secret == "" {
		secret, err = s.store.Agree(ctx, name, rand.Text()+rand.Text())
	}
	if err != nil {
		return nil, err
	}
	password, err := s.store.PasswordHash(ctx, accountID)
	return sign([]byte(secret), []byte(password)), err
}

package store

import (
	"encoding/json"

	"notary"
)

func encodeConstraints(c notary.NameConstraints) (string, error) {
	if c.Len() == 0 {
		return "", nil
	}
	text, err := json.Marshal(c)
	if err != nil {
		return "", notary.InternalError("write the name constraints", err)
	}
	return string(text), nil
}

func decodeConstraints(text string) (c notary.NameConstraints, err error) {
	if text == "" {
		return c, nil
	}
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return c, notary.InternalError("read the name constraints", err)
	}
	return c, nil
}

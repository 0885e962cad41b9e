package rest

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// maxContainers limits the objects and arrays in a body, which huma decodes to up to forty times the size of their
// text.
const maxContainers = 10_000

func checkNesting(data []byte) error {
	containers := 0
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '"':
			i += stringLength(data[i:]) - 1
		case '{', '[':
			containers++
		}
	}
	if containers > maxContainers {
		return fmt.Errorf("%s has more than %d JSON objects and arrays: split it into several calls", theBody, maxContainers)
	}
	return nil
}

// emptyAsNull replaces empty strings in objects by null. It returns invalid JSON unchanged.
func emptyAsNull(data []byte) []byte {
	if !bytes.Contains(data, []byte(`""`)) || !json.Valid(data) {
		return data
	}
	replaced := make([]byte, 0, len(data)+len(data)/2)
	var last byte // first byte of the last token that is not white space
	for i := 0; i < len(data); {
		length := 1
		if data[i] == '"' {
			length = stringLength(data[i:])
		}
		token := data[i : i+length]
		i += length
		if last == ':' && string(token) == `""` {
			token = []byte("null")
		}
		replaced = append(replaced, token...)
		if first := token[0]; !bytes.ContainsRune([]byte(" \t\r\n"), rune(first)) {
			last = first
		}
	}
	return replaced
}

func stringLength(data []byte) int {
	for i := 1; i < len(data); i++ {
		switch data[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(data)
}

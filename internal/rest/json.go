package rest

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// maxContainers limits the objects and arrays in a body. Huma decodes them into maps and slices, which take up to
// forty times the size of their text.
const maxContainers = 10_000

// checkNesting returns an error if a JSON text has too many objects and arrays.
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

// emptyAsNull replaces the empty strings in the objects of a JSON text by null. It returns invalid JSON unchanged.
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

// stringLength returns the length of the JSON string at the start of data.
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

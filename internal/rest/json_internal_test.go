package rest

import (
	"strings"
	"testing"
)

func TestEmptyAsNull(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"a":""}`:                                   `{"a":null}`,
		`{"a" :	"" , "b":["",{"c":""}]}`:             `{"a" :	null , "b":["",{"c":null}]}`,
		`{"":"x","b":"\\\"","c":"\\\\","d":""}`:      `{"":"x","b":"\\\"","c":"\\\\","d":null}`,
		`{"a":":\"\"","b":12345678901234567890.5e1}`: `{"a":":\"\"","b":12345678901234567890.5e1}`,
		`""`:        `""`,
		`{"a":"",}`: `{"a":"",}`, // not JSON
		`{"a":"`:    `{"a":"`,
	} {
		if got := string(emptyAsNull([]byte(text))); got != want {
			t.Errorf("%s becomes %s", text, got)
		}
	}
}

// A small body cannot become large in memory.
func TestTooManyContainers(t *testing.T) {
	t.Parallel()
	var v any
	body := func(n int) []byte { return []byte("[" + strings.Repeat(`{"a":1},`, n-1) + `{"b":"{{["}]`) }
	if err := strictJSON.Unmarshal(body(maxContainers-1), &v); err != nil {
		t.Error(err)
	}
	err := strictJSON.Unmarshal(body(maxContainers), &v)
	if err == nil || !strings.Contains(err.Error(), "more than 10000 JSON objects and arrays") {
		t.Errorf("error is %v", err)
	}
}

package notary_test

import (
	"errors"
	"fmt"
	"testing"

	"notary"
)

func TestMapField(t *testing.T) {
	t.Parallel()
	cause := errors.New("cause")
	named := &notary.Error{Kind: notary.Invalid, Message: "wrong", Field: "inner", Err: cause}
	unnamed := notary.Errorf(notary.Conflict, "wrong")
	for name, tt := range map[string]struct {
		got  error
		want string
	}{
		"with a field, one already set": {notary.WithField(named, "outer"), "inner"},
		"with a field, none set":        {notary.WithField(unnamed, "outer"), "outer"},
		"with a field, wrapped":         {notary.WithField(fmt.Errorf("more: %w", unnamed), "outer"), "outer"},
		"replaced":                      {notary.ReplaceField(named, "outer"), "outer"},
		"removed":                       {notary.ReplaceField(named, ""), ""},
		"mapped": {notary.MapField(named, func(f string) string { return "outer." + f }),
			"outer.inner"},
		"not changed, although it has none": {notary.ReplaceField(unnamed, ""), ""},
	} {
		var e *notary.Error
		if !errors.As(tt.got, &e) || e.Field != tt.want || e.Message != "wrong" {
			t.Errorf("%s: the error is %+v, want the field %q", name, tt.got, tt.want)
		}
	}
	if named.Field != "inner" || unnamed.Field != "" {
		t.Errorf("the errors were changed: %+v, %+v", named, unnamed)
	}
	if err := notary.ReplaceField(named, "outer"); !errors.Is(err, cause) {
		t.Errorf("the cause of %v is lost", err)
	}
	if notary.WithField(nil, "outer") != nil || notary.ReplaceField(cause, "outer") != cause {
		t.Error("an error without a field was replaced")
	}
}

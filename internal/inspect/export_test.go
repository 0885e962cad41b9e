package inspect

import "time"

// The limits on the work of one call of [Read].
const (
	MaxVerifications = maxVerifications
	MaxLinted        = maxLinted
	MaxProblems      = maxProblems
	MaxKeyWork       = maxKeyWork
)

// Work is what [Read] does with data: how many signatures it verifies, and how many
// certificates it lints.
func Work(data []byte, now time.Time) (objects []Object, verified, linted int, err error) {
	r := &reader{now: now}
	if err := r.read(data); err != nil {
		return nil, 0, 0, err
	}
	objects = r.finish()
	for _, o := range objects {
		if o.linted {
			linted++
		}
	}
	return objects, r.verifications, linted, nil
}

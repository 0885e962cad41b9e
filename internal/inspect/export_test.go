package inspect

import "time"

const (
	MaxVerifications = maxVerifications
	MaxLinted        = maxLinted
	MaxProblems      = maxProblems
	MaxKeyWork       = maxKeyWork
)

// Work returns the result of [Read], the number of verified signatures and the number of linted certificates.
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

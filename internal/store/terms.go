package store

import (
	"slices"

	"notary/internal/db"
)

// namesTogether is the number of names per statement.
const namesTogether = 50

func (tx *Tx) insertNames(what string, id int64, names []string) error {
	for some := range slices.Chunk(names, namesTogether) {
		b := &db.Binder{}
		values, bound := "", b.Bind(id)
		for _, name := range some {
			values += ", (" + bound + ", " + b.Bind(name) + ")"
		}
		if err := tx.db.Later("INSERT INTO "+what+"_name ("+what+"_id, name) VALUES "+values[2:], b.Args...); err != nil {
			return err
		}
	}
	return nil
}

func (tx *Tx) deleteNames(what string, id int64, names []string) error {
	for _, name := range names {
		if err := tx.db.Later(`DELETE FROM `+what+`_name WHERE `+what+`_id = $1 AND name = $2`, id, name); err != nil {
			return err
		}
	}
	return nil
}

package store

import (
	"slices"

	"notary/internal/db"
)

const namesTogether = 50

func (tx *Tx) insertNames(table string, id int64, names []string) error {
	for some := range slices.Chunk(names, namesTogether) {
		b := &db.Binder{}
		values, bound := "", b.Bind(id)
		for _, name := range some {
			values += ", (" + bound + ", " + b.Bind(name) + ")"
		}
		if err := tx.db.Later("INSERT INTO "+table+"_name ("+table+"_id, name) VALUES "+values[2:],
			b.Args...); err != nil {
			return err
		}
	}
	return nil
}

func (tx *Tx) deleteNames(table string, id int64, names []string) error {
	for _, name := range names {
		if err := tx.db.Later(`DELETE FROM `+table+`_name WHERE `+table+`_id = $1 AND name = $2`, id,
			name); err != nil {
			return err
		}
	}
	return nil
}

package db

// On SQLite one transaction runs at a time. On PostgreSQL transactions run concurrently (READ COMMITTED), so what a
// transaction has read must be kept from changing until it commits: by a condition of its UPDATE, a constraint, or a
// lock acquired before reading.

// LockClass is a class of objects that transactions lock. Classes are numbered from 1.
type LockClass int64

// LockShared acquires a shared lock on an object that the transaction relies on, until the transaction ends. On SQLite
// it does nothing.
func (tx *Tx) LockShared(class LockClass, id int64) error {
	return tx.lock(`SELECT pg_advisory_xact_lock_shared($1)`, false, class, id)
}

// Lock acquires an exclusive lock on an object that the transaction changes, until the transaction ends. On SQLite it
// does nothing.
func (tx *Tx) Lock(class LockClass, id int64) error {
	return tx.lock(`SELECT pg_advisory_xact_lock($1)`, true, class, id)
}

func (tx *Tx) lock(text string, exclusive bool, class LockClass, id int64) error {
	lock := int64(class)<<56 | id&(1<<56-1)
	if held, taken := tx.locks[lock]; tx.alone || taken && (held || !exclusive) {
		return nil
	}
	if tx.locks == nil {
		tx.locks = map[int64]bool{}
	}
	tx.locks[lock] = exclusive
	return tx.Later(text, lock) // sent before the next read
}

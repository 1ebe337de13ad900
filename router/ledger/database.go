package ledger

import (
	"context"
	"errors"
	"fmt"
	"strconv"
)

// ErrBadValue is wrapped by the error of a [Database] that does not take a value, such
// as one that is too large.
var ErrBadValue = errors.New("the database does not take a value")

// Database is where a ledger is stored. Packages sqlite and postgres implement it;
// packages of this module use it for tables of their own.
//
// Statements are in the SQL that both understand, with $1, $2 … as placeholders;
// "= ANY($1)" takes a []string. Values are string, int64, int and []string.
type Database interface {
	// Write runs f in a transaction that excludes all other writers, and commits it
	// durably. If it returns an error, f may have been run more than once.
	Write(ctx context.Context, f func(Tx) error) error
	// Read runs f on a consistent view of the database.
	Read(ctx context.Context, f func(Tx) error) error
	// Run identifies the process that has the database open.
	Run() string
	// Alive returns those of the runs that have not ended. It takes no connection
	// besides the transaction's.
	Alive(ctx context.Context, tx Tx, runs []string) (map[string]bool, error)
	Close() error
}

// Pipelined is a [Database] that begins one transaction while the one before is made
// durable.
type Pipelined interface {
	Database
	// Commit is Write, but returns as soon as the next transaction may begin. durable
	// waits until this one, and all before it, are on disk.
	Commit(ctx context.Context, f func(Tx) error) (durable func() error, err error)
	// MaxUnsynced returns how many transactions may wait for the disk, at least 1, before
	// the next one is committed.
	MaxUnsynced() int
	// ReadDurable is Read. If f found something, it returns when all that f could see is on
	// disk: others may see a transaction before it is.
	ReadDurable(ctx context.Context, f func(Tx) (found bool, err error)) error
}

// Versioned is a [Database] that tells when others have written to it.
type Versioned interface {
	Pipelined
	// Version returns a number in a transaction of Commit. If it is that of the one
	// before, nothing was written in between by other means than Commit.
	Version(ctx context.Context, tx Tx) (int64, error)
}

// Tx is a transaction.
type Tx interface {
	// Query calls row for each row of the result.
	Query(ctx context.Context, row func(scan func(...any) error) error, sql string, args ...any) error
	// Exec runs a statement once for each list of arguments, and returns how many
	// rows were changed.
	Exec(ctx context.Context, sql string, args ...[]any) (int64, error)
}

// Statement is one of a database, which is run once for each list of arguments.
type Statement struct {
	SQL  string
	Rows [][]any
}

// Question is a query. Row is called for each row of the result.
type Question struct {
	SQL  string
	Args []any
	Row  func(scan func(...any) error) error
}

// Batched is a [Tx] that sends several statements to the database at once.
type Batched interface {
	Tx
	// QueryAll asks the questions in their order. The first error ends it.
	QueryAll(ctx context.Context, list []Question) error
	// ExecAll runs the statements in their order. The first error ends it; it may come with
	// the next statement, or with the commit.
	ExecAll(ctx context.Context, list []Statement) error
}

// program is the level of this program. A schema names the oldest level that it serves,
// so that a new program and the one before it can use one database during an upgrade.
const program = 1

// CheckProgram returns an error if a schema is too new for this program. oldest is the
// oldest program version that the schema supports.
func CheckProgram(oldest string) error {
	n, err := strconv.Atoi(oldest)
	if err != nil {
		return fmt.Errorf("the database says %q where it names the oldest program that it serves; want a number", oldest)
	}
	if n > program {
		return fmt.Errorf("the database was upgraded by a newer anysms and needs at least level %d; this program has level %d: upgrade it", n, program)
	}
	return nil
}

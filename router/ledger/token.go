package ledger

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"time"
)

// Token is a secret in the URL that a vendor calls.
type Token struct {
	Value     string
	CreatedAt time.Time
	Until     time.Time // when it ends, because there is a newer one; zero = it does not
}

// String names no secret.
func (t Token) String() string { return "token{created " + t.CreatedAt.Format(time.RFC3339) + "}" }

// GoString redacts like String.
func (t Token) GoString() string { return t.String() }

// TokenOverlap is how long a replaced token is still accepted. The vendor must have the
// new URL by then.
const TokenOverlap = 24 * time.Hour

// CallbackTokens returns the tokens that are valid in a provider's callback URL: the
// current one first, then replaced ones. The first call creates one.
func (l *Ledger) CallbackTokens(ctx context.Context, name string) (list []Token, err error) {
	err = l.db.Read(ctx, func(tx Tx) (err error) {
		list, err = readTokens(ctx, tx, name, time.Now())
		return err
	})
	if err == nil && len(list) == 0 {
		list, err = l.writeTokens(ctx, name, false)
	}
	return list, keepVerdict(err)
}

// RotateCallbackToken makes a new token for a provider's callback URL and returns it. The
// one before ends after [TokenOverlap].
func (l *Ledger) RotateCallbackToken(ctx context.Context, name string) (Token, error) {
	list, err := l.writeTokens(ctx, name, true)
	if err != nil {
		return Token{}, keepVerdict(err)
	}
	return list[0], nil
}

// writeTokens makes a new token if there is none, or if fresh asks for one.
func (l *Ledger) writeTokens(ctx context.Context, name string, fresh bool) (list []Token, err error) {
	if name == "" || !storable(name) {
		return nil, errors.New("the name of the provider must not be empty, and must be valid UTF-8")
	}
	err = l.db.Write(ctx, func(tx Tx) error {
		now := time.Now()
		list, err = readTokens(ctx, tx, name, now)
		if err != nil || len(list) > 0 && !fresh {
			return err
		}
		_, err = tx.Exec(ctx, `DELETE FROM anysms_callback_tokens WHERE provider = $1 AND expires_at <> 0 AND expires_at <= $2`,
			[]any{name, micros(now)})
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE anysms_callback_tokens SET expires_at = $1 WHERE provider = $2 AND expires_at = 0`,
			[]any{micros(now.Add(TokenOverlap)), name})
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO anysms_callback_tokens (provider, token, created_at, expires_at) VALUES ($1, $2, $3, 0)`,
			[]any{name, strings.ToLower(rand.Text()), micros(now)})
		if err != nil {
			return err
		}
		list, err = readTokens(ctx, tx, name, now)
		return err
	})
	return list, err
}

func readTokens(ctx context.Context, tx Tx, name string, now time.Time) (list []Token, err error) {
	err = tx.Query(ctx, func(scan scanner) error {
		var t Token
		var created, until int64
		err := scan(&t.Value, &created, &until)
		t.CreatedAt, t.Until = timeOf(created), timeOf(until)
		list = append(list, t)
		return err
	}, `SELECT token, created_at, expires_at FROM anysms_callback_tokens
		WHERE provider = $1 AND (expires_at = 0 OR expires_at > $2) ORDER BY expires_at = 0 DESC, expires_at DESC`, name, micros(now))
	return list, err
}

package router

import (
	"testing"

	"github.com/sony/gobreaker/v2"
)

// BenchmarkBreaker compares the breaker's part of a send with gobreaker alone.
func BenchmarkBreaker(b *testing.B) {
	settings := Breaker{}.withDefaults()
	alone := gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{Interval: settings.Window, BucketPeriod: settings.Window / buckets})
	b.Run("gobreaker", func(b *testing.B) {
		for b.Loop() {
			tell, err := alone.Allow()
			if err != nil {
				b.Fatal(err)
			}
			tell(nil)
		}
	})
	b.Run("breaker", func(b *testing.B) {
		ours := newBreaker(settings)
		for b.Loop() {
			tell, ok := ours.allow()
			if !ok {
				b.Fatal("it is open")
			}
			tell(nil)
		}
	})
}

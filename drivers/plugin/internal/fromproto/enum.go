package fromproto

import (
	"math"
	"strings"

	"github.com/anysms/anysms/drivers/plugin/internal/driverv1"
	"github.com/anysms/anysms/provider"
)

// The words of package provider and the names of the protocol are the same
// except for case and prefix. The unspecified value of each enum is in no
// table.
var (
	codes    = words[driverv1.Code, provider.Code](driverv1.Code_name, "CODE_")
	statuses = words[driverv1.Status, provider.Status](driverv1.Status_name, "STATUS_")
	kinds    = words[driverv1.EventKind, provider.EventKind](driverv1.EventKind_name, "EVENT_KIND_")
	verdicts = words[driverv1.VerificationResult, provider.VerificationResult](driverv1.VerificationResult_name, "VERIFICATION_RESULT_")
	features = words[driverv1.Feature, string](driverv1.Feature_name, "FEATURE_")
)

func words[E ~int32, W ~string](names map[int32]string, prefix string) map[E]W {
	table := make(map[E]W, len(names))
	for number, name := range names {
		if number != 0 {
			table[E(number)] = W(strings.ToLower(strings.TrimPrefix(name, prefix)))
		}
	}
	return table
}

// code converts an unknown code to Indeterminate, and none to "".
func code(c driverv1.Code) provider.Code {
	if c == driverv1.Code_CODE_UNSPECIFIED {
		return ""
	}
	if word, ok := codes[c]; ok {
		return word
	}
	return provider.Indeterminate
}

func status(s driverv1.Status) provider.Status {
	if word, ok := statuses[s]; ok {
		return word
	}
	return provider.StatusUnknown
}

// VerificationResult is false for an unknown result.
func VerificationResult(v driverv1.VerificationResult) (provider.VerificationResult, bool) {
	word, ok := verdicts[v]
	return word, ok
}

// Capabilities leaves out unknown features. Streams reports whether the plugin
// serves SendStream.
func Capabilities(c *driverv1.Capabilities) (caps provider.Capabilities, streams bool) {
	for _, f := range c.GetFeatures() {
		if f == driverv1.Feature_FEATURE_SEND_STREAM {
			streams = true
			continue
		}
		if bit, err := provider.ParseFeature(features[f]); err == nil {
			caps.Features |= bit
		}
	}
	caps.MaxSegments = count(c.GetMaxSegments())
	caps.MaxCharacters = count(c.GetMaxCharacters())
	caps.MaxBatch = count(c.GetMaxBatch())
	for _, r := range c.GetBatchRules() {
		caps.BatchRules = append(caps.BatchRules, provider.BatchRule(r))
	}
	caps.FindSettles = Duration(c.GetFindSettles())
	caps.ReplayFor = Duration(c.GetReplayFor())
	if rate := c.GetRateLimit(); rate > 0 && !math.IsInf(rate, 0) {
		caps.RateLimit = rate
	}
	caps.MaxInFlight = count(c.GetMaxInFlight())
	return caps, streams
}

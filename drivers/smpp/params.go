package smpp

import (
	"encoding/hex"
	"maps"
	"slices"
	"strings"

	"github.com/anysms/anysms/drivers/smpp/internal/wire"
	"github.com/anysms/anysms/provider"
)

// The optional parameters of India's DLT, as its operators specify them.
const (
	tagDLTEntity   = 0x1400
	tagDLTTemplate = 0x1401
)

// parameter is an optional parameter of every submit_sm.
type parameter = wire.TLV

func (s *settings) parseTLVs() error {
	for _, key := range slices.Sorted(maps.Keys(s.TLVs)) {
		path := "tlvs." + key
		tag, err := parseNumber(key)
		if err != nil || tag == 0 || tag > 0xFFFF {
			return provider.ConfigErrorf(path, "is not a tag such as 0x1402")
		}
		value := []byte(s.TLVs[key])
		if digits, ok := strings.CutPrefix(s.TLVs[key], "hex:"); ok {
			if value, err = hex.DecodeString(digits); err != nil {
				return provider.ConfigErrorf(path, "%q is not hexadecimal such as hex:0A0B", s.TLVs[key])
			}
		}
		if len(value) > 1000 {
			return provider.ConfigErrorf(path, "has %d octets; want at most 1000", len(value))
		}
		s.tlvs = append(s.tlvs, parameter{Tag: uint16(tag), Value: value})
	}
	return nil
}

// The keys of Message.Extra.
const (
	extraDLTEntity   = "dlt_entity"
	extraDLTTemplate = "dlt_template"
	extraServiceType = "service_type"
)

// parameters are the optional parameters of a message.
func (s *settings) parameters(extra map[string]string) wire.TLVs {
	tlvs := slices.Clone(s.tlvs)
	for _, own := range []struct {
		tag        uint16
		key, other string
	}{
		{tagDLTEntity, extraDLTEntity, s.DLTEntity},
		{tagDLTTemplate, extraDLTTemplate, s.DLTTemplate},
	} {
		value := extra[own.key]
		if value == "" {
			value = own.other
		}
		if value != "" {
			tlvs = append(tlvs, parameter{Tag: own.tag, Value: []byte(value)})
		}
	}
	return tlvs
}

"""Moving systems to Secure-Only, or back, without losing one on the way."""

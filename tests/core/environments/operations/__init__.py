"""Operations: prepared, carried out, told."""

"""Text to lossless trees and problems; nothing in here raises on any input, or touches a disk."""

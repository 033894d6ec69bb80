"""The literature registry: exports in, duplicates gathered, two screeners, a PRISMA flow out; opens no file."""

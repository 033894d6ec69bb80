"""The operated level: scar, recurrent herniation, clumped roots, collections, infection, metal."""

"""Can the label map be believed?"""
